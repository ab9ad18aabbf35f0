// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.NetworkNamespace;
import io.jflannel.linux.netfilter.NftablesEvent.Changed;
import io.jflannel.linux.netfilter.NftablesEvent.Committed;
import io.jflannel.linux.netfilter.NftablesEvent.Lost;
import io.jflannel.linux.netfilter.NftablesEvent.Subject;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What the real kernel announces. It puts the events of a transaction into the socket before the
 * program that asked for it ends, so what is not there then never comes.
 */
@ExtendWith(InNamespace.class)
final class NftablesEventsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final TableName NAT = new TableName(Family.V4, "nat");
  private static final ChainName POSTROUTING = new ChainName(NAT, "POSTROUTING");
  private static final ChainName OURS = new ChainName(NAT, "OURS");
  private static final List<ChainName> WATCHED = List.of(POSTROUTING, OURS);

  private static final Changed NAT_ADDED = table(false);
  private static final Changed NAT_REMOVED = table(true);
  private static final Changed OURS_ADDED = chain(OURS, false);
  private static final Changed OURS_REMOVED = chain(OURS, true);
  private static final Changed RULE_ADDED = rule(OURS, false);
  private static final Changed RULE_REMOVED = rule(OURS, true);
  private static final Changed JUMP_ADDED = rule(POSTROUTING, false);
  private static final Changed JUMP_REMOVED = rule(POSTROUTING, true);

  private NftablesEvents events;

  @BeforeEach
  void open() {
    events = NftablesEvents.open(WATCHED);
  }

  @AfterEach
  void close() {
    events.close();
  }

  private static Changed table(boolean removed) {
    return new Changed(Subject.TABLE, removed, NAT, Optional.empty());
  }

  private static Changed chain(ChainName chain, boolean removed) {
    return new Changed(Subject.CHAIN, removed, NAT, Optional.of(chain));
  }

  private static Changed rule(ChainName chain, boolean removed) {
    return new Changed(Subject.RULE, removed, NAT, Optional.of(chain));
  }

  private List<NftablesEvent> pending() {
    List<NftablesEvent> seen = new ArrayList<>();
    List<NftablesEvent> some = events.await(Duration.ZERO);
    while (!some.isEmpty()) {
      seen.addAll(some);
      some = events.await(Duration.ZERO);
    }
    return seen;
  }

  /** What was told of a command, without the end of its transactions. */
  private List<NftablesEvent> changes(String command) {
    Shell.run(command);
    return pending().stream().filter(event -> !(event instanceof Committed)).toList();
  }

  private void iptables() {
    Shell.run("iptables-nft -t nat -N OURS");
    Shell.run("iptables-nft -t nat -A OURS -j MASQUERADE");
    Shell.run("iptables-nft -t nat -A POSTROUTING -j OURS");
    pending();
  }

  @Test
  void everyCommandOfNft() {
    assertThat(changes("nft add table ip nat")).containsExactly(NAT_ADDED);
    assertThat(changes("nft add chain ip nat OURS")).containsExactly(OURS_ADDED);
    assertThat(
            changes(
                "nft add chain ip nat POSTROUTING "
                    + "'{ type nat hook postrouting priority 100; }'"))
        .containsExactly(chain(POSTROUTING, false));
    assertThat(changes("nft add rule ip nat OURS counter masquerade")).containsExactly(RULE_ADDED);
    assertThat(changes("nft insert rule ip nat OURS ip saddr 1.2.3.4 return"))
        .containsExactly(RULE_ADDED);
    assertThat(changes("nft replace rule ip nat OURS handle 4 drop"))
        .containsExactly(RULE_REMOVED, RULE_ADDED);
    assertThat(changes("nft add rule ip nat POSTROUTING jump OURS")).containsExactly(JUMP_ADDED);
    assertThat(changes("nft flush chain ip nat OURS")).containsExactly(RULE_REMOVED, RULE_REMOVED);
    assertThat(changes("nft flush table ip nat")).containsExactly(JUMP_REMOVED);
    assertThat(changes("nft \"add table ip nat { flags dormant; }\"")).containsExactly(NAT_ADDED);
    assertThat(changes("nft delete chain ip nat OURS")).containsExactly(OURS_REMOVED);
    assertThat(changes("nft delete table ip nat"))
        .containsExactly(chain(POSTROUTING, true), NAT_REMOVED);
    assertThat(changes("nft flush ruleset")).isEmpty();
  }

  @Test
  void whatIsInATableGoesWithIt() {
    for (String command : List.of("nft delete table ip nat", "nft flush ruleset")) {
      iptables();
      assertThat(changes(command))
          .as(command)
          .containsExactlyInAnyOrder(
              RULE_REMOVED, JUMP_REMOVED, OURS_REMOVED, chain(POSTROUTING, true), NAT_REMOVED);
    }
  }

  @Test
  void everyCommandOfIptables() {
    assertThat(changes("iptables-nft -t nat -L")).isEmpty();
    assertThat(changes("iptables-nft -t nat -N OURS")).containsExactly(NAT_ADDED, OURS_ADDED);
    assertThat(changes("iptables-nft -t nat -A OURS -j MASQUERADE")).containsExactly(RULE_ADDED);
    assertThat(changes("iptables-nft -t nat -I OURS -j RETURN")).containsExactly(RULE_ADDED);
    assertThat(changes("iptables-nft -t nat -R OURS 1 -j ACCEPT"))
        .containsExactly(RULE_REMOVED, RULE_ADDED);
    assertThat(changes("iptables-nft -t nat -A POSTROUTING -j OURS"))
        .containsExactly(chain(POSTROUTING, false), JUMP_ADDED);
    assertThat(changes("iptables-nft -t nat -D OURS 1")).containsExactly(RULE_REMOVED);
    assertThat(changes("iptables-nft -t nat -F"))
        .containsExactlyInAnyOrder(RULE_REMOVED, JUMP_REMOVED);
    assertThat(changes("iptables-nft -t nat -X")).contains(OURS_REMOVED);
  }

  @Test
  void restoringTellsAllThatWasThere() {
    iptables();
    assertThat(changes("printf '*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n' | iptables-nft-restore"))
        .contains(RULE_REMOVED, JUMP_REMOVED, OURS_REMOVED);
    assertThat(
            changes(
                "printf '*nat\n:OURS - [0:0]\n-A OURS -j RETURN\nCOMMIT\n'"
                    + " | iptables-nft-restore --noflush"))
        .containsExactly(OURS_ADDED, RULE_ADDED);
    assertThat(
            changes(
                "printf '*nat\n:OURS - [0:0]\n-A OURS -j ACCEPT\nCOMMIT\n'"
                    + " | iptables-nft-restore --noflush"))
        .contains(RULE_REMOVED, RULE_ADDED);
  }

  @Test
  void aPolicyIsAChangeOfTheChain() {
    iptables();
    assertThat(changes("nft \"add chain ip nat POSTROUTING { policy drop; }\""))
        .containsExactly(chain(POSTROUTING, false));
    assertThat(changes("iptables-nft -t nat -P POSTROUTING ACCEPT"))
        .contains(chain(POSTROUTING, false));
  }

  @Test
  void aRenamedChainIsAChangeOfItsTable() {
    iptables();
    Changed somewhere = new Changed(Subject.CHAIN, false, NAT, Optional.empty());
    assertThat(changes("iptables-nft -t nat -E OURS THEIRS")).containsExactly(somewhere);
    assertThat(changes("nft rename chain ip nat THEIRS OURS")).containsExactly(OURS_ADDED);
    assertThat(changes("nft rename chain ip nat OURS HIS")).containsExactly(somewhere);
  }

  @Test
  void othersChangesAreNotTold() {
    iptables();
    Shell.run("iptables-nft -t nat -N THEIRS");
    Shell.run("iptables-nft -t nat -A THEIRS -j RETURN");
    Shell.run("iptables-nft -t nat -F THEIRS");
    Shell.run("iptables-nft -t nat -X THEIRS");
    Shell.run("iptables-nft -t nat -A PREROUTING -j ACCEPT");
    Shell.run("iptables-nft -A FORWARD -j ACCEPT");
    for (int round = 0; round < 2; round++) { // as kube-proxy does
      Shell.run(
          "printf '*nat\\n:KUBE-SVC - [0:0]\\n-A KUBE-SVC -j RETURN\\nCOMMIT\\n'"
              + " | iptables-nft-restore --noflush");
    }
    Shell.run("ip6tables-nft -t nat -N OURS");
    Shell.run("ip6tables-nft -t nat -A OURS -j ACCEPT");
    Shell.run("nft 'add table inet nat; add chain inet nat OURS; add rule inet nat OURS drop'");
    Shell.run("nft 'add table ip natx; add chain ip natx OURS; add rule ip natx OURS drop'");
    Shell.run("nft 'add set ip nat s { type ipv4_addr; }; add element ip nat s { 1.2.3.4 }'");
    assertThat(pending()).isEmpty();
    Shell.run("iptables-nft -t nat -A OURS -j RETURN");
    assertThat(pending()).hasSize(2).contains(RULE_ADDED);
  }

  @Test
  void theEndOfATransactionNamesTheProgram() {
    try (NftablesSocket socket = NftablesSocket.open()) {
      Shell.run("nft 'add table ip nat; add chain ip nat OURS'");
      List<NftablesEvent> seen = pending();
      assertThat(seen).hasSize(3).startsWith(NAT_ADDED, OURS_ADDED);
      Committed committed = (Committed) seen.getLast();
      assertThat(committed.process()).isEqualTo("nft");
      assertThat(committed.pid()).isPositive();
      assertThat(committed.generation()).isEqualTo(socket.generation());

      Shell.run("iptables-nft-restore --noflush <<END\n*nat\n-A OURS -j RETURN\nCOMMIT\nEND");
      assertThat(((Committed) pending().getLast()).process()).isEqualTo("iptables-nft-re");

      socket.remove(List.of(new Removal.OfChain(OURS)));
      seen = pending();
      assertThat(seen).hasSize(3).startsWith(RULE_REMOVED, OURS_REMOVED);
      assertThat(((Committed) seen.getLast()).generation()).isEqualTo(socket.generation());
    }
  }

  @Test
  void overflowIsTold() {
    events.close();
    events = NftablesEvents.open(WATCHED, 1);
    iptables();
    StringBuilder rules = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      rules.append("add rule ip nat OURS ip saddr 10.0.0.").append(i).append(" drop; ");
    }
    Shell.run("nft '" + rules + "'");
    assertThat(pending()).contains(new Lost());
    Shell.run("iptables-nft -t nat -F OURS");
    pending(); // what of it was kept
    assertThat(changes("iptables-nft -t nat -A OURS -j RETURN")).containsExactly(RULE_ADDED);
  }

  @Test
  void eventsStayInTheirNamespace() throws Exception {
    try (NetworkNamespace other = NetworkNamespace.anonymous()) {
      other.run(() -> Shell.run("nft 'add table ip nat; add chain ip nat OURS'"));
      assertThat(pending()).isEmpty();
    }
  }

  @Test
  void wakeEndsTheWaitFromAnotherThread() throws InterruptedException {
    CountDownLatch waiting = new CountDownLatch(1);
    Thread waiter =
        Thread.ofPlatform()
            .start(() -> {
              waiting.countDown();
              assertThat(events.await(Duration.ofDays(365 * 100))).isEmpty();
            });
    waiting.await();
    events.wake();
    waiter.join(PATIENCE);
    assertThat(waiter.isAlive()).isFalse();
  }
}
