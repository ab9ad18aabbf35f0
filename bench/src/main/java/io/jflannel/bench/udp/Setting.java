// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Scale;
import java.util.List;

/** What the two nodes are connected by: a veth pair. */
enum Setting {
  /** It takes super-packets, as it does by default. */
  PLAIN_1500("1500", 1_500, false),

  /** Each packet is on the wire by itself; the receiver merges (GRO), as with a network card. */
  WIRE_1500("1500 per packet", 1_500, true),

  PLAIN_9000("9000", 9_000, false),

  WIRE_9000("9000 per packet", 9_000, true);

  private final String label;
  private final int mtu;
  private final boolean perPacket;

  Setting(String label, int mtu, boolean perPacket) {
    this.label = label;
    this.mtu = mtu;
    this.perPacket = perPacket;
  }

  String label() {
    return label;
  }

  int mtu() {
    return mtu;
  }

  boolean isPerPacket() {
    return perPacket;
  }

  static List<Setting> of(Scale scale) {
    return switch (scale) {
      case FULL -> List.of(values());
      case QUICK -> List.of(PLAIN_1500);
    };
  }
}
