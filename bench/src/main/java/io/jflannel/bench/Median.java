// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.time.Duration;
import java.util.List;

/** Medians. */
public final class Median {

  private Median() {}

  /** Of an odd number of values; of an even number, the higher of the middle two. */
  public static double of(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  static double millis(Duration time) {
    return time.toNanos() / 1e6;
  }
}
