// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.state.Kernel;
import io.jflannel.flanneld.state.Kernel.Disturbance;
import io.jflannel.flanneld.state.Kernel.What;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Wakes the loop. Many rings before it looks are one; what they told is kept until it looks. Rung
 * by any thread, heard by one.
 */
final class Bell implements Kernel.Listener {

  private final Latest<Boolean> rings = new Latest<>();
  private final AtomicBoolean disturbed = new AtomicBoolean();
  private final Map<What, Integer> culprits = new ConcurrentHashMap<>();
  private final AtomicReference<Optional<Throwable>> broken =
      new AtomicReference<>(Optional.empty());
  private long heard;

  /** A new view. */
  void ring() {
    rings.put(true);
  }

  @Override
  public void disturbed(Disturbance disturbance) {
    if (disturbance.portId() != 0) {
      culprits.put(disturbance.what(), disturbance.portId());
    }
    disturbed.set(true);
    rings.put(true);
  }

  /** A thread that rings has ended; what happened meanwhile is not known. */
  @Override
  public void deaf(Throwable cause) {
    broken.set(Optional.of(cause));
    disturbed.set(true);
    rings.put(true);
  }

  /** Why a thread that rings has ended, told once. */
  Optional<Throwable> broken() {
    return broken.getAndSet(Optional.empty());
  }

  void await() throws InterruptedException {
    rings.awaitNewer(heard);
  }

  /** Whether it rang within {@code limit}. */
  boolean await(Duration limit) throws InterruptedException {
    return rings.awaitNewer(heard, limit).isPresent();
  }

  /** Counts everything until now as heard; answers whether others had changed something. */
  boolean hear() {
    heard = rings.peek().map(Latest.Versioned::version).orElse(heard);
    return disturbed.getAndSet(false);
  }

  /** Netlink port of who last changed that kind of object; 0 if unknown. */
  int culprit(What what) {
    Integer port = culprits.remove(what);
    return port == null ? 0 : port;
  }
}
