// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.status.Board;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.AmbiguousTreesException;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Asks the store each second for what the start needs, until it can be used (LIF-3). */
final class StoreWait {

  private static final System.Logger LOG = System.getLogger(StoreWait.class.getName());
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final String CAUSE = "store";

  private final RateLimitedLog failures = new RateLimitedLog(LOG, System::nanoTime);
  private final LeaseStore store;
  private final Board board;
  private final Runnable check;

  /**
   * Asks {@code store}, and tells {@code board} why it still waits.
   *
   * @param check called at each turn; what it throws ends the waiting
   */
  StoreWait(LeaseStore store, Board board, Runnable check) {
    this.store = store;
    this.board = board;
    this.check = check;
  }

  private interface Question<T> {
    T ask() throws InterruptedException;
  }

  /**
   * The first valid configuration.
   *
   * @throws StartException if what was found says that the daemon must not run: no family (NET-4),
   *     or two trees in use on one etcd; or that user or password are wrong (ETC-7)
   */
  NetworkConfig config() throws InterruptedException {
    return await("the network configuration", store::readConfig);
  }

  /**
   * The addresses prescribed for this node.
   *
   * @throws StartException if one is none (KUB-12)
   */
  Map<Family, String> prescribedAddresses() throws InterruptedException {
    return await(
        "an answer of the store",
        () -> {
          try {
            return store.prescribedAddresses();
          } catch (ConfigException e) {
            throw new StartException(e.getMessage());
          }
        });
  }

  private <T> T await(String what, Question<T> question) throws InterruptedException {
    while (true) {
      Optional<T> answer = ask(question);
      if (answer.isPresent()) {
        failures.recovered(CAUSE, "Got " + what);
        return answer.get();
      }
      Thread.sleep(PAUSE);
      check.run();
    }
  }

  private <T> Optional<T> ask(Question<T> question) throws InterruptedException {
    try {
      return Optional.of(question.ask());
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
