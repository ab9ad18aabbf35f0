// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.status.Board;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.AmbiguousTreesException;
import java.time.Duration;
import java.util.Optional;

/** Asks for the network configuration each second until there is one that can be used (LIF-3). */
final class ConfigWait {

  private static final System.Logger LOG = System.getLogger(ConfigWait.class.getName());
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final String CAUSE = "config";

  private final RateLimitedLog failures = new RateLimitedLog(LOG, System::nanoTime);
  private final LeaseStore store;
  private final Board board;
  private final Runnable check;

  /**
   * Asks {@code store}, and tells {@code board} why it still waits.
   *
   * @param check called at each turn; what it throws ends the waiting
   */
  ConfigWait(LeaseStore store, Board board, Runnable check) {
    this.store = store;
    this.board = board;
    this.check = check;
  }

  /**
   * The first valid configuration.
   *
   * @throws StartException if what was found says that the daemon must not run: no family (NET-4),
   *     or two trees in use on one etcd; or that user or password are wrong (ETC-7)
   */
  NetworkConfig await() throws InterruptedException {
    while (true) {
      Optional<NetworkConfig> config = ask();
      if (config.isPresent()) {
        failures.recovered(CAUSE, "Got the network configuration");
        return config.get();
      }
      Thread.sleep(PAUSE);
      check.run();
    }
  }

  private Optional<NetworkConfig> ask() throws InterruptedException {
    try {
      return Optional.of(store.readConfig());
    } catch (ConfigException e) {
      if (e.isFatal()) {
        throw new StartException(e.getMessage());
      }
      failed(e.getMessage());
    } catch (AmbiguousTreesException e) {
      throw new StartException(String.valueOf(e.getMessage()));
    } catch (StoreException e) {
      if (e.isBadCredentials()) {
        throw new StartException(String.valueOf(e.getMessage()));
      }
      failed(String.valueOf(e.getMessage()));
    }
    return Optional.empty();
  }

  private void failed(String message) {
    failures.failed(CAUSE, message + " (asking again each second)");
    board.update(facts -> facts.waitingFor("start-up: " + message));
  }
}
