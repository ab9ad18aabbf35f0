// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Median;
import java.util.Collections;
import java.util.List;

/** What is measured of a way. */
enum Measure {
  TCP_1("TCP x1", "Gbit/s", Over.MEDIAN),
  TCP_4("TCP x4", "Gbit/s", Over.MEDIAN),
  /** Of the tunnel's processes, while TCP_1 was measured, per GB received. */
  CPU_OF_PROCESSES("CPU of its processes", "s/GB", Over.MEDIAN),
  /** Of everything that runs on the machine, likewise. */
  CPU_OF_MACHINE("CPU of the machine", "s/GB", Over.MEDIAN),
  /** Java heap, by the threads of the data path, while TCP_1 was measured. */
  ALLOCATED("allocated, data path", "B/s", Over.MEDIAN),
  /** Java heap, by all threads, likewise. */
  ALLOCATED_BY_ALL("allocated, all threads", "B/s", Over.MEDIAN),
  /** IP packets of 64 bytes, received, at the highest rate found that loses at most 0.5 %. */
  PACKETS("64-byte packets", "k/s", Over.MEDIAN),
  P50("round trip p50", "us", Over.MEDIAN),
  P99("round trip p99", "us", Over.MEDIAN),
  SLOWEST("round trip max", "us", Over.MAXIMUM),
  /** Round trips above 2 ms. */
  OUTLIERS("round trips > 2 ms", "", Over.SUM);

  /** How the values of several rounds become one. */
  private enum Over {
    MEDIAN,
    MAXIMUM,
    SUM
  }

  private final String label;
  private final String unit;
  private final Over rounds;

  Measure(String label, String unit, Over rounds) {
    this.label = label;
    this.unit = unit;
    this.rounds = rounds;
  }

  String label() {
    return label;
  }

  String unit() {
    return unit;
  }

  /** One value for all rounds, of which there is at least one. */
  double over(List<Double> values) {
    return switch (rounds) {
      case MEDIAN -> Median.of(values);
      case MAXIMUM -> Collections.max(values);
      case SUM -> values.stream().mapToDouble(Double::doubleValue).sum();
    };
  }
}
