// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via.Gateway;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How much the log says of passes (P37). */
class JournalTest {

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Logger logger = Logger.getLogger(Reconciler.class.getName());
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private long now;
  private final Journal journal = new Journal(() -> now);

  @BeforeEach
  void listen() {
    logger.addHandler(handler);
  }

  @AfterEach
  void stopListening() {
    logger.removeHandler(handler);
  }

  private void pass(int peer) {
    String subnet = "10.%d.%d.0/24".formatted(peer >> 8, peer & 255);
    Route route =
        new Route(Cidr.parse(subnet), new Gateway("flannel.1", Ip.parse("192.0.2.1"), true));
    journal.changed(List.of(new Change.Delete(route)), List.of(), false);
    journal.worked();
  }

  @Test
  void aFewPeersAreNamed() {
    pass(1);
    pass(2);
    assertThat(lines).hasSize(4).anyMatch(line -> line.contains("10.0.2.0/24"));
  }

  @Test
  void thousandsOneByOneAreSummedUp() {
    for (int peer = 0; peer < 5_000; peer++) {
      pass(peer);
    }
    assertThat(lines).as("two lines for each of the first five").hasSize(10);

    now += Duration.ofSeconds(10).toNanos();
    journal.worked();
    journal.worked();
    assertThat(lines).hasSize(11);
    assertThat(lines.getLast())
        .isEqualTo("Network brought up to date: and 4995 changes more in 4995 passes");
    pass(7);
    assertThat(lines).hasSize(13);
  }
}
