// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.netfilter.Verdict.Code;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules that nft and iptables-nft wrote, read from the real kernel. */
@ExtendWith(InNamespace.class)
final class RulesTest {

  private static final List<String> REFUSALS = List.of("DROP", "REJECT");

  private static final TableName TABLE = new TableName(Family.V4, "t");
  private static final ChainName MINE = new ChainName(TABLE, "mine");

  private NftablesSocket socket;

  @BeforeEach
  void open() {
    socket = NftablesSocket.open();
    Shell.run("nft 'add table ip t; add chain ip t mine; add chain ip t other'");
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private List<Rule> rules(ChainName chain) {
    return socket.rules(chain, Collectors.toList());
  }

  private RuleBody only(ChainName chain) {
    assertThat(rules(chain)).hasSize(1);
    return rules(chain).getFirst().body();
  }

  private RuleBody nft(String rule) {
    Shell.run("nft 'flush chain ip t mine; add rule ip t mine " + rule + "'");
    return only(MINE);
  }

  private static ChainName iptablesChain(Family family) {
    return new ChainName(new TableName(family, "nat"), "X");
  }

  /** In a chain X of table nat, which is made when needed. */
  private RuleBody iptables(Family family, String rule) {
    String program = family == Family.V4 ? "iptables-nft" : "ip6tables-nft";
    if (socket.chain(iptablesChain(family)).isEmpty()) {
      Shell.run(program + " -t nat -N X");
    }
    Shell.run(program + " -t nat -F X");
    Shell.run(program + " -t nat -A X " + rule);
    return only(iptablesChain(family));
  }

  @ParameterizedTest
  @CsvSource({
    "accept, ACCEPT, , true, false",
    "counter drop, DROP, , true, true",
    "log prefix \"x\" drop, DROP, , true, true",
    "return, RETURN, , true, false",
    "jump other, JUMP, other, true, false",
    "counter goto other, GOTO, other, true, false",
    "snat to 1.2.3.4, , , true, false",
    "masquerade fully-random, , , true, false",
    "reject, , , true, true",
    "counter, , , true, false",
    "ip saddr 10.0.0.0/8 drop, DROP, , false, false",
    "meta mark 0x4000 reject, , , false, false",
    "limit rate 3/second drop, DROP, , false, false",
    "drop comment \"why not\", DROP, , true, true",
  })
  void whatNftWrites(
      String rule, Code code, String chain, boolean matchesEverything, boolean stopsEverything) {
    RuleBody body = nft(rule);
    assertThat(body.verdict())
        .isEqualTo(Optional.ofNullable(code).map(c -> new Verdict(c, Optional.ofNullable(chain))));
    assertThat(body.matchesEverything()).isEqualTo(matchesEverything);
    assertThat(body.endsAll(REFUSALS)).isEqualTo(stopsEverything);
    assertThat(body.rejects()).isEqualTo(rule.contains("reject"));
    assertThat(body.target())
        .isEqualTo(rule.contains("masquerade") ? Optional.of("MASQUERADE") : Optional.empty());
    assertThat(body.comment())
        .isEqualTo(rule.contains("comment") ? Optional.of("why not") : Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"V4", "V6"})
  void whatIptablesWrites(Family family) {
    RuleBody masquerade =
        iptables(family, "-m comment --comment 'flanneld masq' -j MASQUERADE --random-fully");
    assertThat(masquerade.comment()).contains("flanneld masq");
    assertThat(masquerade.matchesEverything()).isTrue();
    assertThat(masquerade.endsAll(REFUSALS)).isFalse();
    assertThat(masquerade.endsAll(List.of("MASQUERADE"))).isTrue();
    // newer iptables write the kernel's own expression instead of their target
    assertThat(masquerade.target()).contains("MASQUERADE");

    RuleBody marked = iptables(family, "-m mark --mark 0x4000/0x4000 -j RETURN");
    assertThat(marked.verdict()).contains(new Verdict(Code.RETURN, Optional.empty()));
    assertThat(marked.matchesEverything()).isFalse();

    Shell.run((family == Family.V4 ? "iptables-nft" : "ip6tables-nft") + " -t nat -N Y");
    RuleBody jump = iptables(family, "-m comment --comment x -j Y");
    assertThat(jump.verdict()).contains(new Verdict(Code.JUMP, Optional.of("Y")));
    assertThat(jump.matchesEverything()).isTrue();
    assertThat(jump.toString()).isEqualTo("all: JUMP Y \"x\"");
  }

  @ParameterizedTest
  @CsvSource({
    "-j DROP, true, true",
    "-j REJECT, true, true",
    "-m comment --comment no -j REJECT, true, true",
    "-p tcp -j REJECT --reject-with tcp-reset, false, false",
    "-i eth0 -j DROP, false, false",
    "-m conntrack --ctstate NEW -j DROP, false, false",
    "-j ACCEPT, true, false",
    "-j LOG, true, false",
  })
  void unconditionalRefusals(String rule, boolean matchesEverything, boolean stopsEverything) {
    Shell.run("iptables-nft -A FORWARD " + rule);
    RuleBody body = only(new ChainName(new TableName(Family.V4, "filter"), "FORWARD"));
    assertThat(body.matchesEverything()).isEqualTo(matchesEverything);
    assertThat(body.endsAll(REFUSALS)).isEqualTo(stopsEverything);
    assertThat(body.rejects()).isEqualTo(rule.contains("REJECT"));
  }

  @Test
  void addressesThatARuleNames() {
    assertThat(nft("ip saddr 10.244.0.0/16 ip daddr != 192.0.2.1 tcp dport 80 accept").addresses())
        .containsExactly(Cidr.parse("10.244.0.0/16"), Cidr.parse("192.0.2.1/32"));
    assertThat(nft("ip daddr 10.128.0.0/9 ip saddr != 224.0.0.0/4 accept").addresses())
        .containsExactly(Cidr.parse("10.128.0.0/9"), Cidr.parse("224.0.0.0/4"));
    assertThat(nft("ip saddr & 0.0.255.0 == 0.0.7.0 accept").addresses()).isEmpty();
    assertThat(nft("ip ttl 12 meta mark 0x0af40000 accept").addresses()).isEmpty();
    assertThat(iptables(Family.V4, "-s 10.244.0.0/15 ! -d 10.0.0.0/8 -j ACCEPT").addresses())
        .containsExactlyInAnyOrder(Cidr.parse("10.244.0.0/15"), Cidr.parse("10.0.0.0/8"));
    assertThat(iptables(Family.V6, "-s fd00:10::/47 ! -d ff00::/8 -j ACCEPT").addresses())
        .containsExactlyInAnyOrder(Cidr.parse("fd00:10::/47"), Cidr.parse("ff00::/8"));
  }

  @Test
  void countersDoNotCount() {
    Shell.run("ip link set lo up");
    Shell.run("nft 'add chain ip t in { type filter hook input priority 0; }'");
    Shell.run("nft 'add rule ip t in counter quota 9 mbytes'");
    Shell.run("iptables-nft -A INPUT -m comment --comment all -j ACCEPT");
    ChainName mine = new ChainName(TABLE, "in");
    ChainName iptables = new ChainName(new TableName(Family.V4, "filter"), "INPUT");
    List<RuleBody> before = List.of(only(mine), only(iptables));
    List<RuleDigest> digests = List.of(socket.digest(mine), socket.digest(iptables));
    Shell.run("ping -c 2 -i 0.01 127.0.0.1");
    assertThat(Shell.run("nft list table ip t")).contains("counter packets 4", "used 336 bytes");
    assertThat(List.of(only(mine), only(iptables))).isEqualTo(before);
    assertThat(List.of(socket.digest(mine), socket.digest(iptables))).isEqualTo(digests);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "accept",
        "counter drop",
        "ip saddr 10.0.0.0/8 ip daddr != 224.0.0.0/4 masquerade fully-random",
        "meta mark and 0x4000 == 0x4000 return comment \"flanneld\"",
        "jump other",
        "limit rate 3/second counter accept",
      })
  void theSameRuleAgainIsEqual(String rule) {
    RuleBody first = nft(rule);
    RuleDigest digest = socket.digest(MINE);
    long handle = rules(MINE).getFirst().handle();
    assertThat(only(MINE)).isEqualTo(first).hasSameHashCodeAs(first);
    Shell.run("nft 'add rule ip t other accept; add rule ip t mine accept'");
    assertThat(nft(rule)).isEqualTo(first);
    assertThat(socket.digest(MINE)).isEqualTo(digest);
    assertThat(rules(MINE).getFirst().handle()).isGreaterThan(handle);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-m comment --comment flanneld -j MASQUERADE --random-fully",
        "-m mark --mark 0x4000/0x4000 -j RETURN",
        "-p tcp -m multiport --dports 80,443 -m limit --limit 3/sec -j ACCEPT",
      })
  void theSameIptablesRuleAgainIsEqual(String rule) {
    assertThat(iptables(Family.V4, rule)).isEqualTo(iptables(Family.V4, rule));
    assertThat(iptables(Family.V6, rule)).isEqualTo(iptables(Family.V6, rule));
  }

  @Test
  void aDigestKnowsOrderAndNumber() {
    RuleDigest none = socket.digest(MINE);
    assertThat(none.count()).isZero();
    List<RuleDigest> digests =
        Stream.of(
                "accept",
                "accept; add rule ip t mine accept",
                "accept; add rule ip t mine drop",
                "drop; add rule ip t mine accept")
            .map(rules -> {
              Shell.run("nft 'flush chain ip t mine; add rule ip t mine " + rules + "'");
              return socket.digest(MINE);
            })
            .toList();
    assertThat(digests).doesNotHaveDuplicates().doesNotContain(none);
    assertThat(digests).extracting(RuleDigest::count).containsExactly(1L, 2L, 2L, 2L);
  }

  @ParameterizedTest
  @CsvSource({
    "accept, drop",
    "accept, counter accept",
    "accept, accept comment \"x\"",
    "accept comment \"x\", accept comment \"y\"",
    "jump other, goto other",
    "jump other, jump third",
    "masquerade, masquerade random",
    "masquerade random, masquerade fully-random",
    "ip saddr 10.0.0.0/8 accept, ip saddr 10.0.0.0/9 accept",
    "ip saddr 10.0.0.0/8 accept, ip daddr 10.0.0.0/8 accept",
    "ip saddr 10.0.0.0/8 accept, ip saddr != 10.0.0.0/8 accept",
    "meta mark 1 accept, meta mark 2 accept",
    "quota 1 mbytes drop, quota 2 mbytes drop",
    "limit rate 3/second accept, limit rate 4/second accept",
  })
  void anyDifferenceShows(String one, String other) {
    Shell.run("nft add chain ip t third");
    RuleBody first = nft(one);
    RuleDigest digest = socket.digest(MINE);
    assertThat(nft(other)).isNotEqualTo(first);
    assertThat(socket.digest(MINE)).isNotEqualTo(digest);
  }

  @ParameterizedTest
  @CsvSource({
    "-j MASQUERADE, -j MASQUERADE --random-fully",
    "-m comment --comment a -j RETURN, -m comment --comment b -j RETURN",
    "-m comment --comment a -j RETURN, -j RETURN",
    "-m mark --mark 1 -j RETURN, -m mark --mark 2 -j RETURN",
    "-s 10.0.0.0/8 -j RETURN, -s 10.0.0.0/16 -j RETURN",
    "-j SNAT --to-source 1.2.3.4, -j SNAT --to-source 1.2.3.5",
    "-p tcp --dport 80 -j RETURN, -p udp --dport 80 -j RETURN",
  })
  void anyDifferenceOfIptablesShows(String one, String other) {
    assertThat(iptables(Family.V4, one)).isNotEqualTo(iptables(Family.V4, other));
  }

  @Test
  void rulesComeInTheirOrder() {
    Shell.run(
        "nft 'add rule ip t mine drop; insert rule ip t mine accept; "
            + "add rule ip t mine return; add rule ip t other goto mine'");
    assertThat(rules(MINE))
        .extracting(rule -> rule.body().verdict().orElseThrow().code())
        .containsExactly(Code.ACCEPT, Code.DROP, Code.RETURN);
    assertThat(rules(MINE)).allMatch(rule -> rule.chain().equals(MINE));
  }

  @Test
  void anAbsentChainHasNoRules() {
    assertThat(rules(new ChainName(TABLE, "none"))).isEmpty();
    assertThat(rules(new ChainName(new TableName(Family.V6, "t"), "mine"))).isEmpty();
    assertThat(rules(new ChainName(new TableName(Family.V4, "none"), "mine"))).isEmpty();
  }
}
