// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import java.util.Optional;

/**
 * What a rule decides.
 *
 * @param chain where {@link Code#JUMP} and {@link Code#GOTO} go to; empty for the others
 */
public record Verdict(Code code, Optional<String> chain) {

  /** NF_* of linux/netfilter.h and enum nft_verdicts. */
  public enum Code {
    ACCEPT,
    DROP,
    QUEUE,
    CONTINUE,
    BREAK,
    JUMP,
    GOTO,
    RETURN,
    /** Any other. */
    OTHER
  }

  static Verdict of(int number, Optional<String> chain) {
    Code code =
        switch (number & 0xff) {
          case 0x00 -> Code.DROP;
          case 0x01 -> Code.ACCEPT;
          case 0x03 -> Code.QUEUE; // the queue's number is in the upper half
          case 0xff -> Code.CONTINUE;
          case 0xfe -> Code.BREAK;
          case 0xfd -> Code.JUMP;
          case 0xfc -> Code.GOTO;
          case 0xfb -> Code.RETURN;
          default -> Code.OTHER;
        };
    return new Verdict(code, chain);
  }

  @Override
  public String toString() {
    return code + chain.map(name -> " " + name).orElse("");
  }
}
