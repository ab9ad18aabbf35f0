// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.jflannel.linux.MalformedMessageException;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Cut and damaged messages: named exceptions only, and every loop ends. */
final class DecoderFuzzTest {

  private static final MacAddress MAC = MacAddress.parse("0e:00:00:00:00:01");
  private static final Ip V6 = Ip.parse("fd77::5");

  /** Requests have the same layout as what the kernel tells. */
  private static List<byte[]> samples() {
    Vxlan vxlan = Vxlan.of(77, 2, V6, 4789).withLearning(true).withGbp(true);
    return List.of(
            new Request.AddVxlan("flannel.1", 1450, Optional.of(MAC), vxlan),
            new Request.AddAddress(LinkAddress.of(7, Cidr.parse("10.244.1.0/32"))),
            new Request.AddAddress(new LinkAddress(7, Cidr.host(V6), 0, 0x280)),
            new Request.AddRoute(Route.onlink(Cidr.parse("10.244.2.0/24"), Ip.V4_ZERO, 7)),
            new Request.AddRoute(Route.via(Cidr.parse("10.244.2.0/24"), V6).withTable(1000)),
            new Request.DeleteRoute(Route.to(Cidr.host(V6)).withMetric(7).withNexthop(3)),
            new Request.PutNeighbour(Neighbour.permanent(7, V6, MAC)),
            new Request.PutFdb(FdbEntry.permanent(7, MAC, V6)),
            new Request.DeleteFdb(FdbEntry.permanent(7, MAC, Ip.parse("1.2.3.4"))),
            new Request.AddNexthop(Nexthop.via(V6, 7, true, 3).withId(9)))
        .stream()
        .map(DecoderFuzzTest::bytes)
        .toList();
  }

  private static byte[] bytes(Request request) {
    MessageWriter out = new MessageWriter(1024);
    Requests.encode(request, out, 1);
    return out.toBytes();
  }

  private static List<RouteEvent> decode(byte[] datagram) {
    List<RouteEvent> events = new ArrayList<>();
    EventDecoder decoder = new EventDecoder(EventFilter.ALL);
    MessageReader in = MessageReader.of(datagram);
    while (in.next()) {
      decoder.decode(in, events::add);
    }
    return events;
  }

  private static void decodeOrRefuse(byte[] datagram, String what) {
    assertThatCode(
            () -> {
              try {
                decode(datagram);
              } catch (MalformedMessageException expected) {
                assertThat(expected.detail()).isNotEmpty();
              }
            })
        .as(what)
        .doesNotThrowAnyException();
  }

  @Test
  void wholeMessagesAreRead() {
    List<RouteEvent> events = samples().stream().flatMap(s -> decode(s).stream()).toList();
    assertThat(events).hasSize(samples().size());
    assertThat(events)
        .contains(
            new RouteEvent.NexthopChanged(Nexthop.via(V6, 7, true, 3).withId(9), 0),
            new RouteEvent.NeighbourChanged(Neighbour.permanent(7, V6, MAC), 0),
            new RouteEvent.RouteChanged(
                Route.via(Cidr.parse("10.244.2.0/24"), V6).withTable(1000), 0));
  }

  @Test
  void everyTruncationOfEveryMessage() {
    for (byte[] whole : samples()) {
      for (int length = 0; length < whole.length; length++) {
        byte[] cut = java.util.Arrays.copyOf(whole, length);
        decodeOrRefuse(cut, "datagram cut to " + length);
        if (length >= 16) { // the header says so too
          ByteBuffer.wrap(cut).order(ByteOrder.nativeOrder()).putInt(0, length);
          decodeOrRefuse(cut, "message cut to " + length);
        }
      }
    }
  }

  @Test
  void everyByteDamagedInEveryWay() {
    for (byte[] whole : samples()) {
      for (int at = 0; at < whole.length; at++) {
        for (int value = 0; value < 256; value++) {
          byte[] damaged = whole.clone();
          damaged[at] = (byte) value;
          decodeQuietly(damaged, at, value);
        }
      }
    }
  }

  private static void decodeQuietly(byte[] datagram, int at, int value) {
    try {
      decode(datagram);
    } catch (MalformedMessageException expected) {
      // the only one allowed
    } catch (RuntimeException e) {
      throw new AssertionError("byte " + at + " set to " + value, e);
    }
  }

  @Test
  void randomBytes() {
    long seed = 20260801;
    Random random = new Random(seed);
    int[] types = {16, 17, 20, 24, 28, 104, 2, 3};
    for (int round = 0; round < 100_000; round++) {
      byte[] datagram = new byte[random.nextInt(200)];
      random.nextBytes(datagram);
      if (datagram.length >= 16) {
        ByteBuffer header = ByteBuffer.wrap(datagram).order(ByteOrder.nativeOrder());
        header.putInt(0, datagram.length);
        header.putShort(4, (short) types[random.nextInt(types.length)]);
        for (int at = 16; at + 4 <= datagram.length; at += 4) {
          if (random.nextInt(3) == 0) { // plausible attribute headers
            header.putShort(at, (short) (4 + random.nextInt(20)));
            header.putShort(at + 2, (short) random.nextInt(32));
          }
        }
      }
      decodeQuietly(datagram, (int) seed, round);
    }
  }
}
