// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.flow.Backoff;
import java.lang.System.Logger.Level;

/** When the own key may be written next, and how the last attempts went. One thread's. */
final class Attempts {

  private static final System.Logger LOG = System.getLogger(RegistryStore.class.getName());

  private final Pace pace;
  private Backoff backoff;
  private int failures;
  private String failure = "";
  private long notBefore;
  private long lastSuccess;

  Attempts(Pace pace) {
    this.pace = pace;
    this.backoff = pace.write();
    this.notBefore = pace.now();
    this.lastSuccess = notBefore - pace.restore().toNanos();
  }

  /** On the monotonic clock. */
  long notBefore() {
    return notBefore;
  }

  /** Why the last attempt failed; empty if it did not. */
  String failure() {
    return failure;
  }

  boolean failing() {
    return failures > 0;
  }

  void postpone() {
    notBefore = pace.after(backoff);
    backoff = backoff.next();
  }

  /** Logs the first of a streak. */
  void failed(String reason) {
    if (failures == 0) {
      LOG.log(Level.WARNING, "own lease: {0}; trying again", reason);
    }
    failures++;
    failure = reason;
    postpone();
  }

  void succeeded() {
    if (failures > 0) {
      LOG.log(Level.INFO, "own lease: well again after {0} failures", failures);
    }
    failures = 0;
    failure = "";
    backoff = pace.write();
    notBefore = pace.now();
    lastSuccess = notBefore;
  }

  /** As soon as possible, but an opponent must not make us write without a pause. */
  void hurry() {
    backoff = pace.write();
    notBefore = lastSuccess + pace.restore().toNanos();
  }
}
