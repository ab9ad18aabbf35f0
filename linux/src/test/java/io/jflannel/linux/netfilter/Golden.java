// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.MessageReader;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Answers captured from Linux 6.18 on a little-endian machine. */
final class Golden {

  /**
   * {@code nft add rule ip t c meta mark and 0x4000 == 0x4000 counter jump x comment "ours"}, nft
   * 1.0.6.
   */
  static final String NFT =
      """
      40010000 060a 0208 01000000 85210000 02 00 0003
      06000100 74000000  06000200 63000000  0c000300 0000000000000003
      04010400
        24000100  09000100 6d65746100000000  14000200 08000200 00000003 08000100 00000001
        4c000100  0c000100 6269747769736500
          3c000200 08000100 00000001 08000200 00000001 08000300 00000004 08000600 00000000
                   0c000400 08000100 00400000  0c000500 08000100 00000000
        2c000100  08000100 636d7000
          20000200 08000100 00000001 08000200 00000000 0c000300 08000100 00400000
        2c000100  0c000100 636f756e74657200
          1c000200 0c000100 0000000000000000 0c000200 0000000000000000
        38000100  0e000100 696d6d65646961746500 0000
          24000200 08000100 00000000
            18000200 14000200 08000100 fffffffd 06000200 78000000
      0b000700 00056f75727300 00
      """;

  /**
   * {@code iptables-nft -t nat -A POSTROUTING -s 10.244.0.0/16 -m comment --comment flanneld -j
   * MASQUERADE --random-fully}, iptables 1.8.9.
   */
  static final String IPTABLES =
      """
      3c020000 060a 0208 01000000 85210000 02 00 0003
      08000100 6e617400  10000200 504f5354524f5554494e4700  0c000300 0000000000000002
      04020400
        34000100  0c000100 7061796c6f616400
          24000200 08000100 00000001 08000200 00000001 08000300 0000000c 08000400 00000002
        2c000100  08000100 636d7000
          20000200 08000100 00000001 08000200 00000000 0c000300 06000100 0af40000
        2c010100  0a000100 6d61746368000000
          1c010200 0c000100 636f6d6d656e7400 08000200 00000000 04010300 666c616e6e656c64
      """
          + "00".repeat(248)
          + """
                2c000100  0c000100 636f756e74657200
                  1c000200 0c000100 0000000000000000 0c000200 0000000000000000
                48000100  0b000100 74617267657400 00
                  38000200 0f000100 4d41535155455241444500 00 08000200 00000000
                    1c000300 01000000 10000000 00000000000000000000000000000000
          """;

  /** {@code iptables-nft -P FORWARD DROP}. */
  static final String CHAIN =
      """
      8c000000 030a 0200 01000000 e5220000 02 00 0002
      0b000100 66696c7465720000  0c000300 464f525741524400  0c000200 0000000000000001
      14000400 08000100 00000002 08000200 00000000
      08000500 00000000  0b000700 66696c7465720000
      1c000800 0c000200 0000000000000000 0c000100 0000000000000000
      08000a00 00000001  08000600 00000000
      """;

  /** A table, {@code nft add table ip t}. */
  static final String TABLE =
      """
      38000000 000a 0000 00000000 1e7f0000 02 00 0002
      06000100 74000000  08000200 00000000  08000300 00000000  0c000400 0000000000000001
      """;

  /** The end of a transaction of nft. */
  static final String GENERATION =
      """
      2c000000 0f0a 0000 00000000 1e7f0000 00 00 0002
      08000100 00000002  08000200 00007f1e  08000300 6e667400
      """;

  private Golden() {}

  static byte[] bytes(String hex) {
    Assumptions.assumeTrue(
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "the captures are little endian");
    return HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
  }

  static Rule rule(ChainName chain, byte[] message) {
    List<Rule> rules = new ArrayList<>();
    MessageReader in = MessageReader.of(message);
    while (in.next()) {
      RuleMessages.decode(chain, in, rules::add);
    }
    return rules.getFirst();
  }
}
