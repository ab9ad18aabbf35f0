// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.tun.NativeMemory;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Section 6.6. */
class UnreachableTest {

  private static final int OWN = 0x0a050100;
  private static final int AT = 64;
  private static final int INTO = 256;

  private final NativeMemory memory = NativeMemory.allocate(1 << 16);

  private byte[] answer(byte[] offender) {
    memory.network().put(AT, offender);
    byte[] answer = new byte[Unreachable.answer(memory, AT, INTO, OWN)];
    memory.network().get(INTO, answer);
    return answer;
  }

  private static byte[] packet(int protocol, int header, int payload) {
    byte[] packet = new byte[header + payload];
    Arrays.fill(packet, (byte) 0x77);
    packet[0] = (byte) (0x40 | header / 4);
    NaivePacket.put16(packet, 2, packet.length);
    NaivePacket.put16(packet, 6, 0);
    packet[9] = (byte) protocol;
    NaivePacket.put32(packet, 12, OWN);
    NaivePacket.put32(packet, 16, 0x0a050909);
    return packet;
  }

  @Test
  void theAnswerIsThatOfTheSpecification() {
    byte[] offender = packet(17, 20, 100);
    byte[] answer = answer(offender);
    assertThat(HexFormat.of().formatHex(answer, 0, 22))
        .isEqualTo("450000380000000008019cbc0a0501000a0501000300");
    assertThat(answer).hasSize(56);
    assertThat(NaivePacket.sum(answer, 20, 56, 0)).isEqualTo(0xffff);
    assertThat(NaivePacket.u32(answer, 24)).isZero();
    assertThat(Arrays.copyOfRange(answer, 28, 56)).isEqualTo(Arrays.copyOf(offender, 28));
  }

  @Test
  void nothingIsSaidAboutIcmpLaterFragmentsAndTheLongestHeader() {
    byte[] fragment = packet(17, 20, 100);
    NaivePacket.put16(fragment, 6, 1);
    assertThat(answer(fragment)).isEmpty();
    assertThat(answer(packet(1, 20, 100))).isEmpty();
    assertThat(answer(packet(6, 60, 100))).isEmpty();
    assertThat(answer(packet(6, 56, 100))).hasSize(28 + 56 + 8);
    byte[] first = packet(17, 20, 100);
    NaivePacket.put16(first, 6, 0x2000);
    assertThat(answer(first)).hasSize(56);
  }

  /** B28: upstream quotes what the buffer held before. */
  @Test
  void whatIsMissingIsQuotedAsZeros() {
    answer(packet(17, 20, 100)); // leaves something behind in the memory
    byte[] answer = answer(packet(17, 20, 3));
    assertThat(answer).hasSize(56);
    assertThat(HexFormat.of().formatHex(answer, 48, 56)).isEqualTo("7777770000000000");
    assertThat(NaivePacket.sum(answer, 20, answer.length, 0)).isEqualTo(0xffff);
    assertThat(NaivePacket.sealed(answer)).isTrue();
  }

  @Test
  void answersComeInBurstsAndThenByTheSecond() {
    AnswerLimit limit = new AnswerLimit(0);
    int allowed = 0;
    for (int i = 0; i < 1000; i++) {
      allowed += limit.allows(0) ? 1 : 0;
    }
    assertThat(allowed).isEqualTo(50);
    for (long now = 0; now < 1_000_000_000; now += 10_000) {
      allowed += limit.allows(now) ? 1 : 0;
    }
    assertThat(allowed).isBetween(1040, 1050);
  }
}
