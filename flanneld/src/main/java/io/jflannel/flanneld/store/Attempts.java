// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.flow.Backoff;
import java.lang.System.Logger.Level;

/** When the own key may be written next, and how the last attempts went. One thread's. */
final class Attempts {

  private static final System.Logger LOG = System.getLogger(RegistryStore.class.getName());

  private final Pace pace;
  private final Streak streak;
  private Backoff backoff;
  private String failure = "";
  private long notBefore;
  private long last;

  Attempts(Pace pace) {
    this.pace = pace;
    this.streak = new Streak(pace);
    this.backoff = pace.write();
    this.notBefore = pace.now();
    this.last = notBefore - pace.restore().toNanos();
  }

  /** On the monotonic clock. */
  long notBefore() {
    return notBefore;
  }

  /** Why the last attempt failed; empty if it did not. */
  String failure() {
    return failure;
  }

  void postpone() {
    last = pace.now();
    notBefore = pace.after(backoff);
    backoff = backoff.next();
  }

  void failed(String reason) {
    if (streak.failed(reason)) {
      LOG.log(Level.WARNING, "own lease: {0}; trying again", reason);
    }
    failure = reason;
    postpone();
  }

  void succeeded() {
    int failures = streak.end();
    if (failures > 0) {
      LOG.log(Level.INFO, "own lease: well again after {0} failures", failures);
    }
    failure = "";
    backoff = pace.write();
    notBefore = pace.now();
    last = notBefore;
  }

  /** As soon as possible, but nobody must be able to make us write, or try to, without a pause. */
  void hurry() {
    backoff = pace.write();
    notBefore = last + pace.restore().toNanos();
  }
}
