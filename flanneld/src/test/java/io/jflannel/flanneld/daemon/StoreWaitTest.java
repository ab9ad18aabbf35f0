// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.status.Board;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.StoreException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/** LIF-3, NET-4. */
class StoreWaitTest {

  private static final String GOOD = "{\"Network\":\"10.5.0.0/16\"}";

  private final Board board = new Board();

  @Test
  void asksAgainUntilThereIsAGoodOne() throws InterruptedException {
    Answers store = new Answers("", "{\"Network\":\"10.5.0.0/33\"}", GOOD);

    NetworkConfig config = new StoreWait(store, board, () -> {}).config();

    assertThat(config.v4()).isPresent();
    assertThat(board.now().readiness(Instant.EPOCH).reasons())
        .first()
        .asString()
        .startsWith("start-up: Network: ")
        .contains("33");
  }

  @Test
  void aMissingKeyIsTold() { // P12
    Answers store = new Answers("", "{\"EnableIPv4\":false}");

    assertThatThrownBy(() -> new StoreWait(store, board, () -> {}).config())
        .isInstanceOf(StartException.class)
        .hasMessageContaining("EnableIPv4");
    assertThat(board.now().readiness(Instant.EPOCH).reasons())
        .containsExactly("start-up: no key /x/config");
  }

  @Test
  void isNotHalfAliveWhenAnotherPartHasFailed() {
    Answers store = new Answers("", GOOD);
    Runnable failed =
        () -> {
          throw new IllegalStateException("the herald has ended");
        };

    assertThatThrownBy(() -> new StoreWait(store, board, failed).config())
        .hasMessage("the herald has ended");
  }

  @Test
  void aWrongPasswordEndsTheStart() { // ETC-7
    Answers store = new Answers("", "wrong password", GOOD);

    assertThatThrownBy(() -> new StoreWait(store, board, () -> {}).config())
        .isInstanceOf(StartException.class)
        .hasMessage("check --etcd-password");
  }

  /** A store with these answers; empty means that there is no key. */
  private static final class Answers implements LeaseStore {
    private final Queue<String> answers;

    Answers(String... answers) {
      this.answers = new ArrayDeque<>(List.of(answers));
    }

    @Override
    public String description() {
      return "answers";
    }

    @Override
    public String configPlace() {
      return "key /x/config";
    }

    @Override
    public NetworkConfig readConfig() {
      String answer = answers.remove();
      if (answer.isEmpty()) {
        throw new StoreException("no key /x/config");
      }
      if (answer.equals("wrong password")) {
        throw StoreException.badCredentials("check --etcd-password", new IOException("refused"));
      }
      return NetworkConfigParser.parse(answer);
    }

    @Override
    public void run(Request request, Latest<StoreView> views) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }
}
