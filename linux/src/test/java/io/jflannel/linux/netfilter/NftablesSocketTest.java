// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netfilter.BaseChain.Policy;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Family;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables and chains of the real kernel: listing and removing. */
@ExtendWith(InNamespace.class)
final class NftablesSocketTest {

  private static final TableName NAT = new TableName(Family.V4, "nat");
  private static final ChainName POSTROUTING = new ChainName(NAT, "POSTROUTING");
  private static final ChainName OURS = new ChainName(NAT, "OURS");

  private static final Set<String> BUILT_IN = Set.of("PREROUTING", "POSTROUTING");

  private NftablesSocket socket;

  @BeforeEach
  void open() {
    socket = NftablesSocket.open();
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private static void iptables() {
    Shell.run("iptables-nft -t nat -N OURS");
    Shell.run("iptables-nft -t nat -A OURS -j MASQUERADE --random-fully");
    Shell.run("iptables-nft -t nat -A POSTROUTING -s 1.2.3.4 -j RETURN");
    Shell.run("iptables-nft -t nat -A POSTROUTING -m comment --comment masq -j OURS");
  }

  private List<Rule> rules(ChainName chain) {
    return socket.rules(chain, Collectors.toList());
  }

  private long jump() {
    return rules(POSTROUTING).stream()
        .filter(rule -> rule.body().verdict().flatMap(Verdict::chain).equals(Optional.of("OURS")))
        .findFirst()
        .orElseThrow()
        .handle();
  }

  @Test
  void tablesOfBothFamilies() {
    assertThat(socket.tables(Family.V4)).isEmpty();
    Shell.run("nft 'add table ip a; add table ip6 b; add table inet c; add table ip d'");
    assertThat(socket.tables(Family.V4))
        .containsExactlyInAnyOrder(new TableName(Family.V4, "a"), new TableName(Family.V4, "d"));
    assertThat(socket.tables(Family.V6)).containsExactly(new TableName(Family.V6, "b"));
  }

  @Test
  void chainsWithTheirHooks() {
    iptables();
    Shell.run("iptables-nft -P FORWARD DROP");
    Shell.run(
        "nft 'add table ip x; add chain ip x OURS; "
            + "add chain ip x in { type filter hook input priority -150; }'");
    assertThat(socket.chains(NAT)).extracting(Chain::name).containsExactly(OURS, POSTROUTING);
    assertThat(socket.chains(NAT))
        .extracting(Chain::base)
        .containsExactly(
            Optional.empty(), Optional.of(new BaseChain("nat", 4, 100, Policy.ACCEPT)));
    assertThat(socket.chains(new TableName(Family.V4, "na"))).isEmpty();
    assertThat(socket.chain(OURS)).contains(socket.chains(NAT).getFirst());
    assertThat(
            socket
                .chain(new ChainName(new TableName(Family.V4, "filter"), "FORWARD"))
                .flatMap(Chain::base))
        .contains(new BaseChain("filter", 2, 0, Policy.DROP));
    assertThat(
            socket.chain(new ChainName(new TableName(Family.V4, "x"), "in")).flatMap(Chain::base))
        .contains(new BaseChain("filter", 1, -150, Policy.ACCEPT));
  }

  @Test
  void whatIsAbsentIsNoError() {
    assertThat(socket.chain(OURS)).isEmpty();
    assertThat(socket.chains(NAT)).isEmpty();
    iptables();
    assertThat(socket.chain(new ChainName(NAT, "THEIRS"))).isEmpty();
    assertThat(socket.chain(new ChainName(new TableName(Family.V6, "nat"), "OURS"))).isEmpty();
  }

  @Test
  void theGenerationCountsTransactions() {
    int first = socket.generation();
    assertThat(socket.generation()).isEqualTo(first);
    Shell.run("nft 'add table ip a; add chain ip a b'");
    int second = socket.generation();
    assertThat(second).isEqualTo(first + 1);
    Shell.run("nft list ruleset");
    Shell.run("iptables-nft -t nat -L");
    assertThat(socket.generation()).isEqualTo(second);
    Shell.run("nft add rule ip a b accept");
    assertThat(socket.generation()).isEqualTo(first + 2);
  }

  @Test
  void aChainGoesWithItsJumpWithoutAnyProgram() {
    iptables();
    socket.remove(List.of(new Removal.OfRule(POSTROUTING, jump()), new Removal.OfChain(OURS)));
    assertThat(Shell.run("iptables-nft-save -t nat"))
        .contains("-A POSTROUTING -s 1.2.3.4/32 -j RETURN")
        .doesNotContain("OURS");
    assertThat(socket.chain(OURS)).isEmpty();
  }

  @Test
  void allOrNothing() {
    iptables();
    String before = Shell.run("nft -a list ruleset");
    int generation = socket.generation();
    ChainName absent = new ChainName(NAT, "ABSENT");
    assertThatThrownBy(() ->
            socket.remove(
                List.of(
                    new Removal.OfRule(POSTROUTING, jump()),
                    new Removal.OfRules(OURS),
                    new Removal.OfChain(absent),
                    new Removal.OfRule(OURS, 4711),
                    new Removal.OfChain(OURS))))
        .isInstanceOfSatisfying(
            LinuxException.class,
            refusal -> {
              assertThat(refusal.is(Errno.ENOENT)).isTrue();
              assertThat(refusal.operation()).isEqualTo("remove chain ip nat ABSENT");
              assertThat(refusal.getSuppressed())
                  .singleElement()
                  .hasToString(
                      LinuxException.class.getName() + ": remove rule 4711 of ip nat OURS: ENOENT");
            });
    assertThat(Shell.run("nft -a list ruleset")).isEqualTo(before);
    assertThat(socket.generation()).isEqualTo(generation);
  }

  @Test
  void aChainThatIsJumpedToStays() {
    iptables();
    assertThatThrownBy(() -> socket.remove(List.of(new Removal.OfChain(OURS))))
        .isInstanceOfSatisfying(
            LinuxException.class, refusal -> assertThat(refusal.is(Errno.EBUSY)).isTrue());
    assertThat(rules(OURS)).hasSize(1);
  }

  @Test
  void rulesAndTablesGo() {
    iptables();
    int generation = socket.generation();
    socket.remove(List.of());
    assertThat(socket.generation()).isEqualTo(generation);
    socket.remove(List.of(new Removal.OfRules(POSTROUTING)));
    assertThat(rules(POSTROUTING)).isEmpty();
    assertThat(rules(OURS)).hasSize(1);
    socket.remove(List.of(new Removal.OfRules(POSTROUTING))); // has none now
    Shell.run("nft add table ip6 nat");
    socket.remove(List.of(new Removal.OfTable(NAT)));
    assertThat(Shell.run("nft list tables").strip()).isEqualTo("table ip6 nat");
  }

  @Test
  void aTransactionHasALimit() {
    iptables();
    List<Removal> many =
        IntStream.range(0, 2000)
            .<Removal>mapToObj(i -> new Removal.OfRule(OURS, 100_000 + i))
            .toList();
    assertThatThrownBy(() -> socket.remove(many))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2000");
    assertThatThrownBy(() -> socket.remove(many.subList(0, 1000)))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("remove rule 100000 of ip nat OURS: ENOENT");
    assertThat(rules(OURS)).hasSize(1);
    socket.remove(List.of(new Removal.OfRules(OURS)));
  }

  @Test
  void aRefusedTransactionLeavesTheSocketClean() {
    iptables();
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> socket.remove(List.of(new Removal.OfRule(OURS, 4711))))
          .isInstanceOf(LinuxException.class);
      assertThat(rules(OURS)).hasSize(1);
    }
  }

  @Test
  void howATableIs() {
    assertThat(socket.table(NAT)).isEmpty();
    Shell.run("nft 'add table ip nat; add chain ip nat a; add set ip nat s { type mark; }'");
    assertThat(socket.table(NAT)).contains(new TableState(2, false, false));
    Shell.run("nft 'add table ip nat { flags dormant; }'");
    assertThat(socket.table(NAT)).contains(new TableState(2, true, false));
    Shell.run("nft add table ip nat"); // wakes it
    assertThat(socket.table(NAT)).contains(new TableState(2, false, false));
  }

  @Test
  void anIdleTableGoes() {
    iptables();
    socket.remove(List.of(new Removal.OfRules(POSTROUTING), new Removal.OfChain(OURS)));
    assertThat(socket.isIdle(NAT, BUILT_IN)).isTrue();

    assertThat(socket.removeIfIdle(NAT, BUILT_IN)).isTrue();

    assertThat(socket.tables(Family.V4)).doesNotContain(NAT);
    assertThat(socket.isIdle(NAT, BUILT_IN)).isFalse();
    assertThat(socket.removeIfIdle(NAT, BUILT_IN)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "add rule ip nat POSTROUTING accept",
        "add chain ip nat OTHER",
        "add chain ip nat OTHER { type nat hook output priority 0; }",
        "add chain ip nat POSTROUTING { policy drop; }",
        "add set ip nat s { type ipv4_addr; }",
        "add map ip nat m { type ipv4_addr : verdict; }",
        "add counter ip nat c",
      })
  void aTableWithAnythingInItStays(String thing) {
    Shell.run(
        "nft 'add table ip nat;"
            + " add chain ip nat POSTROUTING { type nat hook postrouting priority 100; }'");
    assertThat(socket.isIdle(NAT, BUILT_IN)).isTrue();
    Shell.run("nft '" + thing + "'");
    String before = Shell.run("nft list ruleset");

    assertThat(socket.isIdle(NAT, BUILT_IN)).isFalse();
    assertThat(socket.removeIfIdle(NAT, BUILT_IN)).isFalse();

    assertThat(Shell.run("nft list ruleset")).isEqualTo(before);
  }

  @Test
  void theKernelRefusesWhatWasDecidedBeforeAChange() {
    Shell.run("nft add table ip nat");
    int generation = socket.generation();
    Shell.run("nft add chain ip nat OTHER");

    assertThatThrownBy(() -> socket.removeIn(generation, List.of(new Removal.OfTable(NAT))))
        .isInstanceOfSatisfying(
            LinuxException.class, refusal -> assertThat(refusal.is(Errno.ERESTART)).isTrue());

    assertThat(socket.tables(Family.V4)).containsExactly(NAT);
    socket.removeIn(socket.generation(), List.of(new Removal.OfTable(NAT)));
    assertThat(socket.tables(Family.V4)).isEmpty();
  }
}
