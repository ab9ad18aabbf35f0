// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Packets of a few flows that mostly could be joined, with everything that forbids it. */
final class RandomPackets {

  private static final int TCP = 6;
  private static final int UDP = 17;

  private final Random random;

  RandomPackets(Random random) {
    this.random = random;
  }

  /** The flows of a batch take turns; two flows each have the same addresses. */
  List<byte[]> batch(int most) {
    List<Flow> flows = new ArrayList<>();
    int flowCount =
        random.nextInt(4) == 0 ? 1 : 1 + random.nextInt(random.nextInt(4) == 0 ? 40 : 4);
    for (int i = 0; i < flowCount; i++) {
      flows.add(new Flow(i));
    }
    List<byte[]> packets = new ArrayList<>();
    int count = 1 + random.nextInt(most);
    Flow flow = flows.getFirst();
    while (packets.size() < count) {
      if (random.nextInt(4) == 0) {
        flow = flows.get(random.nextInt(flows.size()));
      }
      byte[] packet = flow.next();
      packets.add(packet);
      if (random.nextInt(50) == 0) {
        packets.add(packet.clone()); // duplicated
      }
      if (random.nextInt(50) == 0 && packets.size() > 1) {
        packets.add(packets.remove(packets.size() - 2)); // reordered
      }
    }
    return packets;
  }

  /** A packet of which {@code size} bytes of payload make a segment. */
  byte[] superPacket(int size, int payload) {
    Flow flow = new Flow(random.nextInt(9));
    byte[] packet =
        flow.packet(
            Math.min(payload, 65535 - 120), random.nextInt(3) == 0 ? 4 * random.nextInt(11) : 0);
    if (flow.protocol == TCP) {
      packet[NaivePacket.header(packet) + 13] = (byte) (0x10 | random.nextInt(256) & 0xc9);
    }
    if (random.nextBoolean()) {
      NaivePacket.put16(packet, 6, 0x4000);
    }
    return packet;
  }

  /** What a sender does packet by packet. */
  private final class Flow {

    private final int number;
    private final int protocol;
    private final int options;
    private final int size;
    private final boolean dontFragment;
    private final int flags;
    private final int deviations = random.nextInt(8) == 0 ? 100_000 : 160; // of so many, one kind
    private final int timeToLive = 2 + random.nextInt(200);
    private int identification = random.nextInt(1 << 16);
    private long sequence = random.nextInt();
    private long acknowledged = random.nextInt();

    Flow(int number) {
      this.number = number;
      int kind = random.nextInt(12);
      protocol = kind < 6 ? TCP : kind < 11 ? UDP : random.nextInt(256);
      options = random.nextBoolean() ? 12 : 4 * random.nextInt(11);
      size = 1 + random.nextInt(random.nextInt(30) == 0 ? 9000 : 200);
      dontFragment = random.nextBoolean();
      int special = random.nextInt(20);
      flags = special == 0 ? 0x50 : special == 1 ? 0x90 : 0x10;
    }

    byte[] next() {
      int payload = random.nextInt(12) == 0 ? random.nextInt(size + 20) : size;
      byte[] packet = packet(payload, random.nextInt(60) == 0 ? 4 * random.nextInt(11) : 0);
      deviate(packet);
      return packet;
    }

    /** One that is right. */
    byte[] packet(int payload, int networkOptions) {
      int ip = 20 + networkOptions;
      int transport = protocol == TCP ? 20 + options : protocol == UDP ? 8 : 0;
      byte[] packet = new byte[ip + transport + payload];
      random.nextBytes(packet);
      packet[0] = (byte) (0x40 | ip / 4);
      packet[1] = 0;
      NaivePacket.put16(packet, 2, packet.length);
      NaivePacket.put16(packet, 4, identification++);
      NaivePacket.put16(packet, 6, dontFragment ? 0x4000 : 0);
      packet[8] = (byte) timeToLive;
      packet[9] = (byte) protocol;
      NaivePacket.put32(packet, 12, 0x0a050200 + number / 2);
      NaivePacket.put32(packet, 16, 0x0a050101);
      if (protocol == TCP) {
        tcp(packet, ip, payload);
      } else if (protocol == UDP) {
        ports(packet, ip);
        NaivePacket.put16(packet, ip + 4, packet.length - ip);
      }
      seal(packet);
      return packet;
    }

    private void ports(byte[] packet, int at) {
      NaivePacket.put16(packet, at, 1000 + number);
      NaivePacket.put16(packet, at + 2, 80);
    }

    private void tcp(byte[] packet, int at, int payload) {
      ports(packet, at);
      NaivePacket.put32(packet, at + 4, sequence);
      NaivePacket.put32(packet, at + 8, acknowledged);
      packet[at + 12] = (byte) ((20 + options) / 4 << 4);
      packet[at + 13] = (byte) flags;
      NaivePacket.put16(packet, at + 14, 500);
      NaivePacket.put16(packet, at + 18, 0);
      for (int i = 0; i < options; i++) {
        packet[at + 20 + i] = (byte) i;
      }
      sequence += payload;
    }

    private void seal(byte[] packet) {
      NaivePacket.seal(packet);
      if ((protocol == TCP || protocol == UDP) && !NaivePacket.isFragment(packet)) {
        NaivePacket.sealTransport(packet);
      }
    }

    /** Now and then, something is not as before, or wrong. */
    private void deviate(byte[] packet) {
      int ip = NaivePacket.header(packet);
      boolean tcp = protocol == TCP;
      switch (random.nextInt(deviations)) {
        case 0 -> packet[1] = (byte) random.nextInt(256);
        case 1 -> packet[8] = (byte) (2 + random.nextInt(200));
        case 2 -> NaivePacket.put16(packet, 6, random.nextInt(1 << 16)); // fragments
        case 3 -> NaivePacket.put16(packet, 4, random.nextInt(1 << 16));
        case 4, 5 -> flags(packet, ip, 0x18);
        case 6 -> flags(packet, ip, 0x11);
        case 7 -> flags(packet, ip, random.nextInt(256));
        case 8 -> flags(packet, ip, 0x50);
        case 9 -> acknowledged += random.nextInt(3);
        case 10 -> put(packet, ip + 14, random.nextInt(4));
        case 11 -> put(packet, ip + 18, random.nextInt(2));
        case 12 -> sequence += random.nextInt(3) - 1;
        case 13 -> change(packet, tcp ? ip + 20 : ip + 4);
        case 14 -> change(packet, ip + 12);
        case 15 -> {
          seal(packet);
          put(packet, ip + 6, 0); // UDP without checksum; TCP broken
          return;
        }
        case 16, 17 -> {
          seal(packet);
          change(packet, 20 + random.nextInt(packet.length - 19)); // broken on the way
          NaivePacket.seal(packet); // but it was admitted
          return;
        }
        case 18 -> packet[6] ^= 0x40;
        default -> {
          return;
        }
      }
      seal(packet);
    }

    private void flags(byte[] packet, int ip, int flags) {
      if (protocol == TCP) {
        packet[ip + 13] = (byte) flags;
      }
    }

    private void put(byte[] packet, int at, int value) {
      if (at + 2 <= packet.length) {
        NaivePacket.put16(packet, at, value);
      }
    }

    private void change(byte[] packet, int at) {
      if (at < packet.length) {
        packet[at] ^= (byte) (1 << random.nextInt(8));
      }
    }
  }
}
