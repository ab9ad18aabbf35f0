// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What nft is given, for what it has listed (14.5). */
class NftPlanTest {

  private static final Map<Part, List<Rule>> WANTED = Golden.rules(Family.V4);
  private static final NftText TEXT = new NftText(Family.V4, Names.UPSTREAM, true);

  private static NftPlan plan(String listing) {
    return NftPlan.between(WANTED, Optional.of(NftListing.parse(listing)), Golden.CLAIM);
  }

  @Test // G4, in one call; B9, B10
  void aFreshHost() {
    NftPlan plan = NftPlan.between(WANTED, Optional.empty(), Golden.CLAIM);

    assertThat(plan.asWanted()).isFalse();
    assertThat(plan.text(TEXT))
        .isEqualTo(
            """
            add table ip flannel-ipv4 { comment "rules for flannel-ipv4" ; }
            delete table ip flannel-ipv4
            add table ip flannel-ipv4 { comment "rules for flannel-ipv4" ; }
            add chain ip flannel-ipv4 postrtg { type nat hook postrouting priority 100 ; comment "chain to manage traffic masquerading by flannel" ; }
            add rule ip flannel-ipv4 postrtg meta mark & 0x4000 == 0x4000 return
            add rule ip flannel-ipv4 postrtg ip saddr 10.244.1.0/24 ip daddr 10.244.0.0/16 return
            add rule ip flannel-ipv4 postrtg ip saddr 10.244.0.0/16 ip daddr 10.244.1.0/24 return
            add rule ip flannel-ipv4 postrtg ip saddr != 10.244.0.0/16 ip daddr 10.244.1.0/24 return
            add rule ip flannel-ipv4 postrtg ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
            add rule ip flannel-ipv4 postrtg ip saddr != 10.244.0.0/16 ip daddr 10.244.0.0/16 masquerade fully-random
            add chain ip flannel-ipv4 forward { type filter hook forward priority 0 ; comment "chain to accept flannel traffic" ; }
            add rule ip flannel-ipv4 forward ip saddr 10.244.0.0/16 accept
            add rule ip flannel-ipv4 forward ip daddr 10.244.0.0/16 accept
            """);
  }

  @Test
  void commentsCanBeLeftOut() {
    assertThat(
            NftPlan.between(WANTED, Optional.empty(), Golden.CLAIM)
                .text(new NftText(Family.V4, Names.UPSTREAM, false)))
        .doesNotContain("comment")
        .contains("add chain ip flannel-ipv4 forward { type filter hook forward priority 0 ; }\n");
  }

  @Test
  void whatIsListedAfterwardsIsAsWanted() {
    assertThat(plan(Golden.NFT4).asWanted()).isTrue();
    assertThat(plan(Golden.NFT4.replace("priority srcnat", "priority 100")).asWanted()).isTrue();
    assertThat(plan(Golden.NFT4.replace("mark & ", "mark and ")).asWanted()).isTrue();
  }

  @Test // B9, B10: what upstream left is replaced
  void upstreamsTextIsNotAsWanted() {
    assertThat(
            plan(Golden.NFT4.replace(
                    "saddr != 10.244.0.0/16 ip daddr 10.244.1.0/24",
                    "saddr != 10.244.1.0/24 ip daddr 10.244.0.0/16"))
                .asWanted())
        .isFalse();
    assertThat(
            plan(Golden.NFT4.replace(
                    "meta mark & 0x00004000 == 0x00004000", "meta mark 0x00004000"))
                .asWanted())
        .isFalse();
  }

  @Test
  void everyDriftIsSeen() {
    String accept = "\t\tip saddr 10.244.0.0/16 accept\n";
    for (String drifted :
        List.of(
            Golden.NFT4.replace(accept, ""),
            Golden.NFT4.replace(accept, accept + accept),
            Golden.NFT4.replace(accept, "\t\tip saddr 192.0.2.0/24 drop\n" + accept),
            Golden.NFT4.replace(accept, "\t\tip saddr { 10.244.0.0/16, 10.1.0.0/16 } accept\n"),
            Golden.NFT4.replace("priority filter; policy accept", "priority filter; policy drop"),
            Golden.NFT4.replace("priority filter", "priority filter - 10"),
            Golden.NFT4.replace("chain forward", "chain other"),
            "table ip flannel-ipv4 {\n}\n")) {
      assertThat(drifted).isNotEqualTo(Golden.NFT4);
      assertThat(plan(drifted).asWanted()).as(drifted).isFalse();
    }
  }

  @Test
  void nothingWantedRemovesTheTable() {
    Map<Part, List<Rule>> none = Map.of(Part.MASQUERADE, List.of(), Part.FORWARD, List.of());
    NftPlan plan = NftPlan.between(none, Optional.of(NftListing.parse(Golden.NFT4)), Golden.CLAIM);

    assertThat(plan.asWanted()).isFalse();
    assertThat(plan.isEmpty()).isTrue();
    assertThat(NftPlan.between(none, Optional.empty(), Golden.CLAIM).asWanted()).isTrue();
  }

  @Test
  void rulesOfAnotherNetworkAreKept() {
    Cidr network = Cidr.parse("10.99.0.0/16");
    Map<Part, List<Rule>> theirs =
        Map.of(Part.MASQUERADE, List.of(), Part.FORWARD, TrafficRules.forward(network));
    NftPlan plan =
        NftPlan.between(
            theirs, Optional.of(NftListing.parse(Golden.NFT4)), new Claim(Set.of(network)));

    assertThat(plan.asWanted()).isFalse();
    assertThat(plan.text(TEXT))
        .contains(
            "forward ip saddr 10.99.0.0/16 accept\n",
            "forward ip saddr 10.244.0.0/16 accept\n",
            "postrtg ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random\n");
    assertThat(plan.notes("flannel-ipv4"))
        .singleElement()
        .asString()
        .contains("7 rules of another");
  }

  @Test // the others' rules need the mark's, however it is written; then nothing is left to do
  void whoLeavesLeavesTheMarkRule() {
    Cidr network = Cidr.parse("10.99.0.0/16");
    for (String mark : List.of("meta mark & 0x00004000 == 0x00004000", "meta mark 0x00004000")) {
      String listing =
          Golden.NFT4
              .replace("meta mark & 0x00004000 == 0x00004000", mark)
              .replaceFirst("(?s)\\tchain forward.*?\\}\\n", "");
      NftPlan plan =
          NftPlan.between(
              Map.of(), Optional.of(NftListing.parse(listing)), new Claim(Set.of(network)));

      assertThat(plan.asWanted()).isTrue();
      assertThat(plan.isEmpty()).isFalse();
      assertThat(plan.text(TEXT)).contains("postrtg " + mark + " return\n");
    }
  }

  @Test // nft wants them back when the table is made anew, and a sleeping table does nothing
  void whatElseStandsInTheTableIsDrift() {
    for (String line : List.of("flags dormant", "set s {\n\t\ttype ipv4_addr\n\t}")) {
      String listing = Golden.NFT4.replace("\tchain postrtg", "\t" + line + "\n\tchain postrtg");
      assertThat(plan(listing).asWanted()).as(line).isFalse();
    }
  }

  @Test
  void singleAddressesAreListedWithoutALength() {
    assertThat(NftListing.rule("ip6 saddr fd00::1 ip6 daddr != fd00::/64 return"))
        .contains(
            Rule.of(
                Rule.only(Cidr.parse("fd00::1/128")),
                Rule.except(Cidr.parse("fd00::/64")),
                Rule.Verdict.RETURN));
    assertThat(NftListing.rule("ip saddr 10.0.0.0-10.0.0.9 accept")).isEmpty();
  }
}
