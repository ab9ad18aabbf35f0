// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What iptables-restore is given, for what iptables-save has shown (14.1 to 14.3). */
class IptablesPlanTest {

  private static final String JUMP = "-m comment --comment \"flanneld masq\" -j FLANNEL-POSTRTG";
  private static final List<Rule> MASQUERADE =
      Golden.rules(Family.V4).getOrDefault(Part.MASQUERADE, List.of());
  private static final List<Rule> FORWARD =
      Golden.rules(Family.V4).getOrDefault(Part.FORWARD, List.of());
  private static final String EMPTY_NAT = "*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n";

  private static IptablesPlan plan(List<Rule> wanted, SavedTable found) {
    return IptablesPlan.between(wanted, found, Names.UPSTREAM, Golden.CLAIM);
  }

  private static IptablesPlan plan(List<Rule> wanted, String saved) {
    return plan(
        wanted, Golden.saved(saved.startsWith("*nat") ? Part.MASQUERADE : Part.FORWARD, saved));
  }

  /** Applies the plan; a second one must find nothing to do. */
  private static Table after(List<Rule> wanted, String saved) {
    Table table = Table.of(saved).restore(plan(wanted, saved).restore());
    assertThat(plan(wanted, table.save()).restore()).isEmpty();
    return table;
  }

  @Test // G3, 18.5
  void whatUpstreamLeftIsAsWanted() {
    for (Family family : Family.values()) {
      Map<Part, List<Rule>> rules = Golden.rules(family);
      boolean v4 = family == Family.V4;
      for (String saved :
          v4 ? List.of(Golden.NAT4, Golden.FILTER4) : List.of(Golden.NAT6, Golden.FILTER6)) {
        Part part = saved.startsWith("*nat") ? Part.MASQUERADE : Part.FORWARD;
        assertThat(plan(rules.getOrDefault(part, List.of()), saved))
            .isEqualTo(new IptablesPlan("", List.of()));
      }
    }
  }

  @Test // G3: the same lines, one call, the chain within it (B15)
  void aFreshHost() {
    assertThat(plan(MASQUERADE, EMPTY_NAT).restore())
        .isEqualTo(
            """
            *nat
            :FLANNEL-POSTRTG - [0:0]
            """
                + rulesOf(Golden.NAT4, "FLANNEL-POSTRTG")
                + "-A POSTROUTING "
                + JUMP
                + "\nCOMMIT\n");
    assertThat(plan(FORWARD, "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n").restore())
        .isEqualTo(
            """
            *filter
            :FLANNEL-FWD - [0:0]
            -A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            -A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
            COMMIT
            """);
  }

  private static String rulesOf(String saved, String chain) {
    return String.join("\n", saved.lines().filter(l -> l.startsWith("-A " + chain)).toList())
        + "\n";
  }

  @Test
  void withoutRandomPorts() {
    List<Rule> modest = Golden.rules(Family.V4, false).getOrDefault(Part.MASQUERADE, List.of());

    assertThat(MASQUERADE.stream().map(Rule::withoutRandomPorts).toList()).isEqualTo(modest);
    assertThat(plan(modest, Golden.NAT4.replace(" --random-fully", "")).restore()).isEmpty();
    assertThat(plan(modest, Golden.NAT4).restore()).doesNotContain("--random-fully");
  }

  @Test // B15, P25: each is repaired, and the jump stands once
  void whatOthersDidIsUndone() {
    String foreign = "-A FLANNEL-POSTRTG -s 192.0.2.0/24 -j ACCEPT\n";
    String jump = "-A POSTROUTING " + JUMP + "\n";
    List<String> rules = Golden.NAT4.lines().filter(l -> l.startsWith("-A FLANNEL")).toList();
    List<String> reversed = new ArrayList<>(rules);
    Collections.reverse(reversed);
    for (String drifted :
        List.of(
            Golden.NAT4.replace(jump, ""),
            Golden.NAT4.replace(jump, jump + jump + jump),
            Golden.NAT4.replace(jump, jump.replace("flanneld masq", "mine")),
            Golden.NAT4.replace(jump, jump.replace(" -j", " -s 10.0.0.0/8 -j")),
            Golden.NAT4.replace(rules.get(2) + "\n", ""),
            Golden.NAT4.replace(rules.get(2) + "\n", rules.get(2) + "\n" + foreign),
            Golden.NAT4.replace(rules.get(2) + "\n", rules.get(2) + "\n" + rules.get(2) + "\n"),
            Golden.NAT4.replace(rules.get(3), rules.get(3).replace("flanneld masq", "x")),
            Golden.NAT4.replace(rules.get(3), rules.get(3).replace("! -s", "-s")),
            Golden.NAT4.replace(String.join("\n", rules), String.join("\n", reversed)),
            Golden.NAT4.replace("10.244.1.0/24", "10.244.9.0/24"))) {
      assertThat(drifted).isNotEqualTo(Golden.NAT4);
      Table table = after(MASQUERADE, drifted);
      assertThat(table.chain("POSTROUTING")).containsExactly(JUMP);
      assertThat(table.chain("FLANNEL-POSTRTG"))
          .containsExactlyElementsOf(
              rules.stream().map(l -> l.substring("-A FLANNEL-POSTRTG ".length())).toList());
    }
  }

  @Test
  void othersRulesInTheBuiltInChainKeepTheirPlace() {
    String saved =
        """
        *nat
        :POSTROUTING ACCEPT [0:0]
        :KUBE-POSTROUTING - [0:0]
        -A POSTROUTING -m comment --comment "kubernetes \\"x\\" rules" -j KUBE-POSTROUTING
        -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
        COMMIT
        """;

    assertThat(after(MASQUERADE, saved).chain("POSTROUTING"))
        .startsWith(
            "-m comment --comment \"kubernetes \\\"x\\\" rules\" -j KUBE-POSTROUTING",
            "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE")
        .endsWith(JUMP)
        .hasSize(3);
  }

  @Test // recycling: subnet file of a run with another network
  void rulesOfTheFormerNetworkAreReplaced() {
    Claim claim = new Claim(Set.of(Golden.NETWORK4, Cidr.parse("10.57.0.0/16")));
    String former =
        Golden.NAT4.replace("10.244.1.0", "10.57.1.0").replace("10.244.0.0", "10.57.0.0");

    IptablesPlan plan =
        IptablesPlan.between(
            MASQUERADE,
            Golden.saved(Part.MASQUERADE, former, Names.UPSTREAM, claim),
            Names.UPSTREAM,
            claim);

    assertThat(plan.notes()).isEmpty();
    assertThat(Table.of(former).restore(plan.restore()).save()).doesNotContain("10.57.");
  }

  @Test // 14.6, B14
  void rulesOfVersion010AreReplaced() {
    Table nat = after(MASQUERADE, Golden.NAT4_OF_0_10);
    assertThat(nat.chain("POSTROUTING")).containsExactly(JUMP);
    Table filter = after(FORWARD, Golden.FILTER4_OF_0_10);
    assertThat(filter.chain("FORWARD"))
        .containsExactly("-m comment --comment \"flanneld forward\" -j FLANNEL-FWD");
  }

  @Test // v0.16 to v0.20 had comments and no chains
  void commentedRulesWithoutChainsAreReplaced() {
    String saved =
        "*nat\n:POSTROUTING ACCEPT [0:0]\n"
            + rulesOf(Golden.NAT4, "FLANNEL-POSTRTG")
                .replace("-A FLANNEL-POSTRTG", "-A POSTROUTING")
            + "COMMIT\n";

    assertThat(after(MASQUERADE, saved).chain("POSTROUTING")).containsExactly(JUMP);
    assertThat(after(List.of(), saved).chain("POSTROUTING")).isEmpty();
  }

  @Test
  void rulesThatAnOperatorMayHaveMadeStay() {
    String incomplete =
        Golden.NAT4_OF_0_10.replace(
            "-A POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN\n", "");
    String masquerade = "-s 10.244.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE";
    String lone = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -s 10.244.0.0/16 -j ACCEPT\nCOMMIT\n";

    assertThat(after(MASQUERADE, incomplete).chain("POSTROUTING")).contains(masquerade);
    assertThat(after(FORWARD, lone).chain("FORWARD")).contains("-s 10.244.0.0/16 -j ACCEPT");
    assertThat(plan(List.of(), Golden.FILTER4_OF_0_10).restore()).isEmpty();
  }

  @Test // B14, ODD-47
  void switchedOff() {
    Table nat = after(List.of(), Golden.NAT4);
    assertThat(nat.has("FLANNEL-POSTRTG")).isFalse();
    assertThat(nat.chain("POSTROUTING")).isEmpty();
    assertThat(after(List.of(), Golden.FILTER4).has("FLANNEL-FWD")).isFalse();
    assertThat(plan(List.of(), EMPTY_NAT).restore()).isEmpty();
  }

  @Test // two daemons on a host, without --instance
  void aSecondDaemonsRulesAreKept() {
    Cidr network = Cidr.parse("10.99.0.0/16");
    Claim claim = new Claim(Set.of(network));
    List<Rule> theirs = TrafficRules.masquerade(network, Cidr.parse("10.99.3.0/24"), true);
    Table table = Table.of(Golden.NAT4);

    IptablesPlan second =
        IptablesPlan.between(
            theirs,
            Golden.saved(Part.MASQUERADE, table.save(), Names.UPSTREAM, claim),
            Names.UPSTREAM,
            claim);
    table.restore(second.restore());

    assertThat(second.notes())
        .singleElement()
        .asString()
        .contains("5 rules of another", "--instance");
    assertThat(table.chain("FLANNEL-POSTRTG")).hasSize(11);
    assertThat(plan(MASQUERADE, table.save()).restore()).as("the first is content").isEmpty();
    table.restore(plan(List.of(), table.save()).restore());
    assertThat(table.chain("FLANNEL-POSTRTG")).as("the first leaves").hasSize(6);
    assertThat(table.chain("POSTROUTING")).containsExactly(JUMP);
    IptablesPlan still =
        IptablesPlan.between(
            theirs,
            Golden.saved(Part.MASQUERADE, table.save(), Names.UPSTREAM, claim),
            Names.UPSTREAM,
            claim);
    assertThat(still).isEqualTo(new IptablesPlan("", List.of()));
  }

  @Test
  void anInstanceHasItsOwnChains() {
    Names blue = new Names(Optional.of("blue"));
    IptablesPlan plan =
        IptablesPlan.between(
            MASQUERADE,
            Golden.saved(Part.MASQUERADE, Golden.NAT4, blue, Golden.CLAIM),
            blue,
            Golden.CLAIM);

    Table table = Table.of(Golden.NAT4).restore(plan.restore());

    assertThat(table.chain("FLANNEL-POSTRTG-blue"))
        .hasSize(6)
        .allMatch(r -> r.contains("\"flanneld masq blue\""));
    assertThat(table.chain("FLANNEL-POSTRTG")).hasSize(6);
    assertThat(table.chain("POSTROUTING")).hasSize(2);
    assertThat(plan(MASQUERADE, table.save()).restore()).isEmpty();
  }

  @Test
  void whatBarsTheWayIsTold() {
    String saved =
        Golden.FILTER4.replace(
            "-A FORWARD -m",
            "-A FORWARD -s 192.0.2.0/24 -j DROP\n-A FORWARD -j REJECT --reject-with icmp-port-unreachable\n-A FORWARD -m");

    assertThat(plan(FORWARD, saved).restore()).isEmpty();
    assertThat(plan(FORWARD, saved).notes())
        .singleElement()
        .asString()
        .contains("\"-j REJECT --reject-with icmp-port-unreachable\" stands before the jump");
    assertThat(
            plan(FORWARD, Golden.FILTER4.replace("COMMIT", "-A FORWARD -j DROP\nCOMMIT")).notes())
        .isEmpty();
  }

  @Test // whatever stands there, one call makes it right
  void anyTableBecomesAsWanted() {
    for (int round = 0; round < 2_000; round++) {
      becomesAsWanted(RandomGenerator.getDefault().nextLong());
    }
  }

  private static void becomesAsWanted(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> pool = new ArrayList<>();
    Golden.NAT4.lines().filter(l -> l.startsWith("-A")).forEach(l -> pool.add(l.split(" ", 3)[2]));
    Golden.NAT4_OF_0_10
        .lines()
        .filter(l -> l.startsWith("-A"))
        .forEach(l -> pool.add(l.split(" ", 3)[2]));
    pool.add("-s 10.99.0.0/16 -d 10.99.1.0/24 -m comment --comment \"flanneld masq\" -j RETURN");
    pool.add("-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.1:80");
    pool.add("-m comment --comment \"a \\\" b\" -j ACCEPT");
    StringBuilder saved = new StringBuilder("*nat\n:POSTROUTING ACCEPT [0:0]\n");
    if (random.nextBoolean()) {
      saved.append(":FLANNEL-POSTRTG - [0:0]\n");
      for (int i = random.nextInt(12); i > 0; i--) {
        String rule = pool.get(random.nextInt(pool.size()));
        if (!rule.equals(JUMP)) {
          saved.append("-A FLANNEL-POSTRTG ").append(rule).append('\n');
        }
      }
      for (int i = random.nextInt(12); i > 0; i--) {
        saved.append("-A POSTROUTING ").append(pool.get(random.nextInt(pool.size()))).append('\n');
      }
    }
    String text = saved.append("COMMIT\n").toString();
    List<Rule> wanted = random.nextInt(4) == 0 ? List.of() : MASQUERADE;

    Table table = Table.of(text).restore(plan(wanted, text).restore());

    assertThat(plan(wanted, table.save()).restore()).as("seed %d, from %s", seed, text).isEmpty();
  }
}
