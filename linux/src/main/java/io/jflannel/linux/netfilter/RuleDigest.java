// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.MessageReader;
import java.util.stream.Collector;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * All rules of a chain in a few bytes, in order: equal if the {@linkplain RuleBody bodies} are, and
 * by chance once in 2<sup>64</sup> if they are not. No protection from somebody who looks for such
 * rules: whoever may write rules needs none. The JVM has both checksums as machine code from its
 * start; a cryptographic one would be interpreted, at first.
 *
 * @param sum CRC-32 (IEEE 802.3) and CRC-32C (RFC 3720)
 */
public record RuleDigest(long count, long sum) {

  /** Takes rules as they come out of messages. */
  private static final class Sum {
    private final CRC32 high = new CRC32();
    private final CRC32C low = new CRC32C();
    private final NormalForm rule = new NormalForm();
    private long count;

    void add(MessageReader message) {
      rule.rule(message.attributes(Nft.HEADER));
      rule.moveTo(high, low);
      count++;
    }

    RuleDigest result() {
      return new RuleDigest(count, high.getValue() << Integer.SIZE | low.getValue());
    }
  }

  /** Of messages, each as the reader stands when it is handed over. */
  static Collector<MessageReader, ?, RuleDigest> collector() {
    return Collector.of(
        Sum::new,
        Sum::add,
        (first, second) -> {
          throw new IllegalStateException("rules come in order");
        },
        Sum::result);
  }
}
