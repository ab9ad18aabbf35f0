// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** A way for packets from one node to the other. */
enum Way {
  VETH("veth"),
  VXLAN("vxlan"),
  PROXY("C proxy"),
  OFFLOAD("offload"),
  BATCH("batch"),
  SINGLE("single"),
  EBPF("ebpf");

  private final String label;

  Way(String label) {
    this.label = label;
  }

  /** As tables name it; for ours, the word of {@code --udp-datapath}. */
  String label() {
    return label;
  }

  /** Whether it is a path of jflannel's. */
  boolean isOurs() {
    return switch (this) {
      case OFFLOAD, BATCH, SINGLE, EBPF -> true;
      case VETH, VXLAN, PROXY -> false;
    };
  }

  /**
   * Those that the property {@code jflannel.bench.udp.ways} names, for example {@code
   * vxlan,proxy,offload}; all without it.
   */
  static List<Way> chosen() {
    String names = System.getProperty("jflannel.bench.udp.ways", "").toUpperCase(Locale.ROOT);
    return Stream.of(values())
        .filter(way -> names.isEmpty() || List.of(names.split(",", -1)).contains(way.name()))
        .toList();
  }
}
