// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.flanneld.flow.Latest;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/** Where the daemon's threads pin what they know, and where those that tell others read it. */
public final class Board {

  private final ReentrantLock updating = new ReentrantLock();
  private final Latest<Facts> facts = new Latest<>();

  public Board() {
    facts.put(Facts.atStart());
  }

  /** Replaces the facts by a function of them. */
  public void update(UnaryOperator<Facts> change) {
    updating.lock();
    try {
      facts.put(change.apply(now()));
    } finally {
      updating.unlock();
    }
  }

  public Facts now() {
    return facts.peek().orElseThrow().value();
  }

  /** To wait on. */
  public Latest<Facts> facts() {
    return facts;
  }
}
