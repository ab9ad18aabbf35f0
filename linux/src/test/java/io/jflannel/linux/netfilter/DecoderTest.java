// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.netfilter.NftablesEvent.Changed;
import io.jflannel.linux.netfilter.NftablesEvent.Committed;
import io.jflannel.linux.netfilter.NftablesEvent.Subject;
import io.jflannel.linux.netfilter.Verdict.Code;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Decoding of captured messages; needs no privilege. */
final class DecoderTest {

  private static final ChainName C = new ChainName(new TableName(Family.V4, "t"), "c");
  private static final ChainName POSTROUTING =
      new ChainName(new TableName(Family.V4, "nat"), "POSTROUTING");

  @Test
  void aRuleOfNft() {
    Rule rule = Golden.rule(C, Golden.bytes(Golden.NFT));
    assertThat(rule.handle()).isEqualTo(3);
    assertThat(rule.chain()).isEqualTo(C);
    RuleBody body = rule.body();
    assertThat(body.verdict()).contains(new Verdict(Code.JUMP, Optional.of("x")));
    assertThat(body.comment()).contains("ours");
    assertThat(body.target()).isEmpty();
    assertThat(body.matchesEverything()).isFalse();
    assertThat(body.endsAll(List.of("DROP", "REJECT"))).isFalse();
    assertThat(body).hasToString("some: JUMP x \"ours\"");
  }

  @Test
  void aRuleOfIptables() {
    RuleBody body = Golden.rule(POSTROUTING, Golden.bytes(Golden.IPTABLES)).body();
    assertThat(body.verdict()).isEmpty();
    assertThat(body.comment()).contains("flanneld");
    assertThat(body.target()).contains("MASQUERADE");
    assertThat(body.matchesEverything()).isFalse();
    assertThat(body.rejects()).isFalse();
  }

  @Test
  void countedPacketsHandlesAndPositionsDoNotCount() {
    String counted =
        Golden.NFT
            .replace("0c000100 0000000000000000", "0c000100 0000000000000054")
            .replace("0c000200 0000000000000000", "0c000200 0000000000000001");
    RuleBody body = Golden.rule(C, Golden.bytes(Golden.NFT)).body();
    assertThat(Golden.rule(C, Golden.bytes(counted)).body())
        .isEqualTo(body)
        .hasSameHashCodeAs(body);
    String moved =
        Golden.NFT
            .replace("40010000 060a", "4c010000 060a")
            .replace(
                "0c000300 0000000000000003", "0c000300 0000000000000009 0c000600 0000000000000008");
    Rule later = Golden.rule(C, Golden.bytes(moved));
    assertThat(later.handle()).isEqualTo(9);
    assertThat(later.body()).isEqualTo(body);
  }

  @Test
  void anyOtherDifferenceCounts() {
    RuleBody body = Golden.rule(C, Golden.bytes(Golden.NFT)).body();
    List<String> changed =
        List.of(
            Golden.NFT.replace("fffffffd", "fffffffc"), // goto
            Golden.NFT.replace("06000200 78", "06000200 79"), // another chain
            Golden.NFT.replace("6f757273", "6f757274"), // comment
            Golden.NFT.replace("00400000  0c000500", "00800000  0c000500"), // mask
            Golden.NFT.replace("08000200 00000000 0c", "08000200 00000001 0c")); // not equal
    assertThat(changed).doesNotContain(Golden.NFT);
    for (String other : changed) {
      assertThat(Golden.rule(C, Golden.bytes(other)).body()).isNotEqualTo(body);
    }
  }

  private static RuleBody single(String expression, int attribute, long value) {
    MessageWriter out = new MessageWriter(256);
    Nft.begin(out, Nft.NEWRULE, Family.V4, 1);
    int list = out.nest(Nft.RULE_EXPRESSIONS);
    int element = out.nest(1);
    out.string(1, expression);
    int data = out.nest(2);
    out.attributeBig64(attribute, value);
    out.unnest(data).unnest(element).unnest(list).end();
    return Golden.rule(C, out.toBytes()).body();
  }

  @Test
  void whatPacketsChangeIsLeftOutPerExpression() {
    assertThat(single("last", 2, 1)).isEqualTo(single("last", 2, 2));
    assertThat(single("counter", 1, 1)).isEqualTo(single("counter", 1, 2));
    assertThat(single("quota", 4, 1)).isEqualTo(single("quota", 4, 2));
    assertThat(single("quota", 1, 1)).isNotEqualTo(single("quota", 1, 2));
    assertThat(single("limit", 1, 1)).isNotEqualTo(single("limit", 1, 2));
    assertThat(single("last", 2, 1)).isNotEqualTo(single("counter", 2, 1));
    assertThat(single("last", 2, 1).matchesEverything()).isTrue();
    assertThat(single("something new", 2, 1).matchesEverything()).isFalse();
  }

  private static List<NftablesEvent> events(ChangeDecoder decoder, String... messages) {
    List<NftablesEvent> events = new ArrayList<>();
    for (String message : messages) {
      MessageReader in = MessageReader.of(Golden.bytes(message));
      while (in.next()) {
        decoder.decode(in, events::add);
      }
    }
    return events;
  }

  @Test
  void eventsOfWatchedChainsOnly() {
    ChangeDecoder decoder = new ChangeDecoder(new ChangeFilter(List.of(C)));
    Changed rule = new Changed(Subject.RULE, false, C.table(), Optional.of(C));
    Changed table = new Changed(Subject.TABLE, false, C.table(), Optional.empty());
    assertThat(events(decoder, Golden.IPTABLES, Golden.CHAIN, Golden.GENERATION)).isEmpty();
    assertThat(events(decoder, Golden.TABLE, Golden.IPTABLES, Golden.NFT, Golden.GENERATION))
        .containsExactly(table, rule, new Committed(2, 0x7f1e, "nft"));
    assertThat(events(decoder, Golden.GENERATION)).isEmpty();
    assertThat(events(decoder, Golden.NFT)).hasSize(1);
    decoder.lost();
    assertThat(events(decoder, Golden.GENERATION)).isEmpty();
  }

  @Test
  void aNameIsNotItsBeginning() {
    for (String name : List.of("cc", "d")) {
      ChainName other = new ChainName(C.table(), name);
      assertThat(events(new ChangeDecoder(new ChangeFilter(List.of(other))), Golden.NFT)).isEmpty();
    }
    ChainName elsewhere = new ChainName(new TableName(Family.V6, "t"), "c");
    assertThat(events(new ChangeDecoder(new ChangeFilter(List.of(elsewhere))), Golden.NFT))
        .isEmpty();
  }

  @Test
  void aBaseChain() {
    List<Chain> chains = new ArrayList<>();
    MessageReader in = MessageReader.of(Golden.bytes(Golden.CHAIN));
    while (in.next()) {
      ChainMessages.decode(Family.V4, in, chains::add);
      ChainMessages.decode(Family.V6, in, chains::add);
    }
    assertThat(chains)
        .containsExactly(
            new Chain(
                new ChainName(new TableName(Family.V4, "filter"), "FORWARD"),
                1,
                Optional.of(new BaseChain("filter", 2, 0, BaseChain.Policy.DROP))));
  }
}
