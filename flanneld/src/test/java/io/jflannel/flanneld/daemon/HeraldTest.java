// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.firewall.TrafficReport;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.reconcile.PassReport;
import io.jflannel.flanneld.status.About;
import io.jflannel.flanneld.status.Board;
import io.jflannel.flanneld.status.Facts;
import io.jflannel.flanneld.status.FileState;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LIF-10, and the pace of the status file. */
class HeraldTest {

  @TempDir Path directory;
  private final Board board = new Board();
  private final TaskScope scope = new TaskScope();
  private NotifyReceiver systemd;
  private Path status;

  @BeforeEach
  void listen() {
    systemd = new NotifyReceiver(directory.resolve("notify"));
    status = directory.resolve("status.json");
  }

  @AfterEach
  void stop() {
    scope.close();
    systemd.close();
  }

  @Test
  void aQuickStartSendsUpstreamsDatagramAndNothingElse() {
    board.update(facts -> ready());

    start();

    await().untilAsserted(() -> assertThat(systemd.received()).containsExactly("READY=1"));
  }

  @Test
  void whoWaitsSaysWhyAndAsksForTime() {
    board.update(facts -> facts.waitingFor("network configuration:\nno key"));
    start();

    await()
        .untilAsserted(() ->
            assertThat(systemd.received())
                .containsExactly(
                    "STATUS=network configuration: no key\nEXTEND_TIMEOUT_USEC=60000000"));

    board.update(facts -> ready());
    await().untilAsserted(() -> assertThat(systemd.received()).endsWith("READY=1\nSTATUS=ready"));
  }

  @Test
  void theStatusFileFollowsTheFacts() throws IOException {
    start();
    await().untilAsserted(() -> assertThat(status).content().contains("\"ready\":false"));

    board.update(facts -> ready());

    await().untilAsserted(() -> assertThat(status).content().contains("\"ready\":true"));
    Json.parse(Files.readString(status));
  }

  @Test
  void manyChangesMakeFewWrites() throws IOException {
    start();
    await().until(() -> Files.exists(status));
    Object first = Files.getAttribute(status, "unix:ino");
    Instant begin = Instant.now();

    for (int i = 0; i < 10_000; i++) {
      board.update(facts -> ready());
    }
    board.update(facts -> facts.withStore("the last change"));

    // Inode and content: a write in between would be another file without the last change.
    await().until(() -> !first.equals(Files.getAttribute(status, "unix:ino")));
    if (Duration.between(begin, Instant.now()).compareTo(Duration.ofSeconds(2)) < 0) {
      assertThat(status).content().contains("the last change");
    }
    await().untilAsserted(() -> assertThat(status).content().contains("the last change"));
  }

  @Test
  void nothingNewIsNotWrittenAgain() throws IOException {
    board.update(facts -> ready());
    start();
    await().untilAsserted(() -> assertThat(status).content().contains("\"ready\":true"));
    Object inode = Files.getAttribute(status, "unix:ino");

    await()
        .during(Duration.ofSeconds(2))
        .atMost(Duration.ofSeconds(3))
        .until(() -> inode.equals(Files.getAttribute(status, "unix:ino")));
  }

  private void start() {
    About about =
        new About("x", 1, Instant.now(), new Json.Obj(List.of()), directory.resolve("subnet.env"));
    Herald herald = new Herald(board, about, new Systemd(systemd.path()), () -> {}, status);
    scope.forkPlatform("herald", herald::run);
  }

  private static Facts ready() {
    Subnets subnets = new Subnets(Optional.of(Cidr.parse("10.5.1.0/24")), Optional.empty());
    LeaseAttributes attributes =
        new LeaseAttributes(
            Optional.empty(), Optional.empty(), "vxlan", Optional.empty(), Optional.empty());
    StoreView view =
        new StoreView(
            new OwnLease.Held(new Lease(subnets, attributes), Optional.empty(), Optional.empty()),
            List.of(),
            List.of(),
            Set.of(),
            true,
            new StoreView.Contact(true, Instant.now(), ""),
            Optional.empty());
    return Facts.atStart()
        .running()
        .with(view)
        .with(
            new PassReport(
                1,
                Instant.now(),
                true,
                Optional.of(new PassReport.Own(subnets, 1450)),
                Set.of(Family.V4),
                Map.of(),
                List.of(),
                0,
                Map.of(),
                0,
                0,
                0,
                Duration.ZERO,
                Duration.ZERO,
                new PassReport.Totals(Duration.ZERO, 0),
                List.of()))
        .with(new TrafficReport("nftables", subnets, List.of(), List.of(), List.of(), 0, List.of()))
        .with(new FileState.Written());
  }
}
