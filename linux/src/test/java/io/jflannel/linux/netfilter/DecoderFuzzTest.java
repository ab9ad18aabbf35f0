// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.MalformedMessageException;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.net.Family;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Cut and damaged messages: named exceptions only, and every loop ends. */
final class DecoderFuzzTest {

  private static final ChainName C = new ChainName(new TableName(Family.V4, "t"), "c");

  private static List<byte[]> samples() {
    return List.of(
        Golden.bytes(Golden.NFT),
        Golden.bytes(Golden.IPTABLES),
        Golden.bytes(Golden.CHAIN),
        Golden.bytes(Golden.TABLE),
        Golden.bytes(Golden.GENERATION));
  }

  /** By every decoder, as each message can arrive at each. */
  private static List<Object> decode(byte[] datagram) {
    List<Object> read = new ArrayList<>();
    ChangeDecoder events = new ChangeDecoder(new ChangeFilter(List.of(C)));
    MessageReader in = MessageReader.of(datagram);
    while (in.next()) {
      RuleMessages.decode(C, in, read::add);
      ChainMessages.decode(Family.V4, in, read::add);
      TableMessages.decode(Family.V4, in, read::add);
      events.decode(in, read::add);
    }
    return read;
  }

  private static void decodeOrRefuse(byte[] datagram, String what) {
    try {
      decode(datagram);
    } catch (MalformedMessageException expected) {
      assertThat(expected.detail()).isNotEmpty();
    } catch (RuntimeException e) {
      throw new AssertionError(what, e);
    }
  }

  @Test
  void wholeMessagesAreRead() {
    assertThat(samples().stream().map(sample -> decode(sample).size()))
        .containsExactly(2, 1, 1, 2, 0);
  }

  @Test
  void everyTruncationOfEveryMessage() {
    for (byte[] whole : samples()) {
      for (int length = 0; length < whole.length; length++) {
        byte[] cut = Arrays.copyOf(whole, length);
        decodeOrRefuse(cut, "datagram cut to " + length);
        if (length >= 16) { // the header says so too
          ByteBuffer.wrap(cut).order(ByteOrder.nativeOrder()).putInt(0, length);
          decodeOrRefuse(cut, "message cut to " + length);
        }
      }
    }
  }

  @Test
  void everyByteDamagedInSeveralWays() {
    for (byte[] whole : samples()) {
      for (int at = 0; at < whole.length; at++) {
        for (int value : new int[] {0, 1, 2, 3, 4, 5, 7, 8, 16, 32, 64, 127, 128, 254, 255}) {
          byte[] damaged = whole.clone();
          damaged[at] = (byte) value;
          decodeOrRefuse(damaged, "byte " + at + " set to " + value);
        }
      }
    }
  }

  @Test
  void randomBytesInsideARule() {
    Random random = new Random(20261122);
    for (byte[] whole : samples()) {
      for (int round = 0; round < 5_000; round++) {
        byte[] damaged = whole.clone();
        for (int i = 0; i < 8; i++) {
          damaged[20 + random.nextInt(damaged.length - 20)] = (byte) random.nextInt();
        }
        decodeOrRefuse(damaged, "round " + round);
      }
    }
  }
}
