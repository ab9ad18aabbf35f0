// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What iptables-restore is given, for what iptables-save has shown (14.1 to 14.3). */
class IptablesPlanTest {

  private static final String JUMP = "-m comment --comment \"flanneld masq\" -j FLANNEL-POSTRTG";
  private static final List<Rule> MASQUERADE =
      Golden.rules(Family.V4).getOrDefault(Part.MASQUERADE, List.of());
  private static final List<Rule> FORWARD =
      Golden.rules(Family.V4).getOrDefault(Part.FORWARD, List.of());
  private static final String EMPTY_NAT = "*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n";

  /** In our chain they are drift; in the built-in one they are somebody's. */
  private static final Set<String> FOREIGN =
      Set.of(
          "-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.1:80",
          "-m comment --comment \"a \\\" b\" -j ACCEPT",
          "-s 192.0.2.0/24 -j DROP",
          "-j DROP",
          "-s 192.0.2.1/32 -j MASQUERADE");

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
            .isEqualTo(new IptablesPlan("", List.of(), List.of()));
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

  @Test // four of one kind are not one of each kind
  void whatOnlyLooksLikeAFormerVersionsRulesStays() {
    StringBuilder rules = new StringBuilder();
    for (int i = 1; i <= 4; i++) {
      rules.append("-A POSTROUTING ! -s 10.244.0.0/16 -d 10.244.%d.0/24 -j RETURN\n".formatted(i));
    }
    String operators = "-o eth1 -m comment --comment operators -j FLANNEL-POSTRTG";
    String saved =
        Golden.NAT4.replace("COMMIT", rules + "-A POSTROUTING " + operators + "\nCOMMIT");

    assertThat(plan(MASQUERADE, saved).restore()).isEmpty();
    assertThat(after(List.of(), saved).chain("POSTROUTING")).hasSize(5).contains(operators);
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
    assertThat(still).isEqualTo(new IptablesPlan("", List.of(), List.of()));
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
    pool.addAll(FOREIGN);
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
    List<String> before = foreignAndFirstJump(Table.of(text).chain("POSTROUTING"));

    Table table = Table.of(text).restore(plan(wanted, text).restore());

    List<String> after = table.chain("POSTROUTING");
    assertThat(plan(wanted, table.save()).restore()).as("seed %d, from %s", seed, text).isEmpty();
    assertThat(foreignAndFirstJump(after))
        .as("seed %d: order of foreign rules and the jump, from %s", seed, text)
        .isEqualTo(
            wanted.isEmpty()
                ? before.stream().filter(rule -> !rule.equals(JUMP)).toList()
                : before.contains(JUMP)
                    ? before
                    : Stream.concat(before.stream(), Stream.of(JUMP)).toList());
    assertThat(after.stream().filter(JUMP::equals).count()).isEqualTo(wanted.isEmpty() ? 0 : 1);
  }

  /** What no daemon has made, and the first jump to ours. */
  private static List<String> foreignAndFirstJump(List<String> chain) {
    int jump = chain.indexOf(JUMP);
    return IntStream.range(0, chain.size())
        .filter(i -> i == jump || FOREIGN.contains(chain.get(i)))
        .mapToObj(chain::get)
        .toList();
  }

  @Test // nobody's packets meet the DROP between two jumps because one of them was one too many
  void aJumpKeepsItsPlace() {
    String chain = "*filter\n:FORWARD DROP [0:0]\n:FLANNEL-FWD - [0:0]\n";
    String jump = "-A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD\n";
    String wrong = "-A FORWARD -j FLANNEL-FWD\n";
    String first = "-A FORWARD -s 192.0.2.0/24 -j ACCEPT\n";
    String drop = "-A FORWARD -j DROP\n";
    for (String found :
        List.of(
            first + jump + drop + jump,
            first + wrong + drop,
            first + jump + drop + wrong,
            first + wrong + wrong + drop + jump)) {
      assertThat(after(FORWARD, chain + found + "COMMIT\n").chain("FORWARD"))
          .as(found)
          .containsExactly(
              "-s 192.0.2.0/24 -j ACCEPT",
              "-m comment --comment \"flanneld forward\" -j FLANNEL-FWD",
              "-j DROP");
    }
    String formerFirst = Golden.FILTER4_OF_0_10.replace("COMMIT", wrong + drop + "COMMIT");
    assertThat(
            after(FORWARD, formerFirst.replace(":FORWARD", ":FLANNEL-FWD - [0:0]\n:FORWARD"))
                .chain("FORWARD"))
        .containsExactly("-m comment --comment \"flanneld forward\" -j FLANNEL-FWD", "-j DROP");
  }

  @Test // iptables-save prints the newline of a comment as it is
  void aNewlineInAForeignCommentEndsNoRule() {
    String foreign =
        """
        -A POSTROUTING -s 192.0.2.0/24 -m comment --comment "a
        :FLANNEL-POSTRTG - [0:0]
        -A FLANNEL-POSTRTG -j ACCEPT
        -A POSTROUTING -j FLANNEL-POSTRTG
        COMMIT
        b \\" c" -j ACCEPT
        """;
    String saved = Golden.NAT4.replace("-A POSTROUTING", foreign + "-A POSTROUTING");

    assertThat(plan(MASQUERADE, saved)).isEqualTo(new IptablesPlan("", List.of(), List.of()));
  }

  @Test
  void nothingIsDoneOnTheStrengthOfHalfATable() {
    assertThat(Golden.saved(Part.MASQUERADE, "").shown()).isFalse();
    assertThat(Golden.saved(Part.MASQUERADE, Golden.NAT4).defect()).isEmpty();
    assertThat(Golden.saved(Part.MASQUERADE, Golden.NAT4.replace("COMMIT", "")).defect())
        .contains("it broke off");
    assertThat(
            Golden.saved(
                    Part.FORWARD,
                    "*filter\n"
                        + "-A FLANNEL-FWD -s 192.0.2.1/32 -j ACCEPT\n".repeat(50_001)
                        + "COMMIT\n")
                .defect())
        .hasValueSatisfying(text -> assertThat(text).contains("more than 50000 rules"));
  }

  @Test // M7
  void whatOnlyBearsOurCommentStays() {
    String comment = "-m comment --comment \"flanneld masq\"";
    List<String> foreign =
        List.of(
            comment + " -j ACCEPT",
            "-s 10.0.0.0/8 " + comment + " -j ACCEPT",
            "-s 10.244.0.0/16 " + comment + " -j ACCEPT",
            "-s 10.244.1.0/24 -d 192.0.2.0/24 " + comment + " -j MASQUERADE");
    String ours = "-s 10.244.7.0/24 -d 10.244.0.0/16 " + comment + " -j RETURN";
    String saved =
        Golden.NAT4.replace(
            "COMMIT",
            "-A POSTROUTING "
                + String.join("\n-A POSTROUTING ", foreign)
                + "\n-A POSTROUTING "
                + ours
                + "\nCOMMIT");

    assertThat(plan(MASQUERADE, saved).former()).containsExactly(ours);
    assertThat(after(MASQUERADE, saved).chain("POSTROUTING"))
        .containsExactlyElementsOf(Stream.concat(Stream.of(JUMP), foreign.stream()).toList());
  }

  @Test // M6
  void aChainThatOthersJumpToIsEmptiedOnly() {
    String saved =
        Golden.NAT4
            .replace(":POSTROUTING", ":MINE - [0:0]\n:POSTROUTING")
            .replace("COMMIT", "-A MINE -s 192.0.2.0/24 -j FLANNEL-POSTRTG\nCOMMIT");

    assertThat(plan(List.of(), saved).notes())
        .singleElement()
        .asString()
        .contains("stays, without rules", "-A MINE -s 192.0.2.0/24 -j FLANNEL-POSTRTG");
    Table table = after(List.of(), saved);
    assertThat(table.chain("FLANNEL-POSTRTG")).isEmpty();
    assertThat(table.chain("POSTROUTING")).isEmpty();
    assertThat(plan(MASQUERADE, saved).restore()).isEmpty();
  }

  @Test // M3: 8,000 networks in our chain took a core for 15 s
  void manyNetworksInOurChainAreToldApartQuickly() {
    StringBuilder rules = new StringBuilder();
    for (int i = 0; i < 8_000; i++) {
      Cidr network = Cidr.parse("100.%d.%d.0/24".formatted(i >> 8, i & 0xff));
      for (Rule rule : TrafficRules.forward(network)) {
        rules
            .append("-A FLANNEL-FWD ")
            .append(IptablesLine.render(rule, "flanneld forward"))
            .append('\n');
      }
    }
    String saved = Golden.FILTER4.replace("-A FORWARD", rules + "-A FORWARD");

    IptablesPlan plan =
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> plan(FORWARD, saved));

    assertThat(plan.restore()).isEmpty();
    assertThat(plan.notes()).singleElement().asString().contains("16000 rules of another");
  }
}
