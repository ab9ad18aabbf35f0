// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Scale;

/**
 * How long and how often.
 *
 * @param rounds over all settings and ways; the property {@code jflannel.bench.udp.rounds} has
 *     another number
 * @param fourConnections whether these are measured too
 * @param warmUpSeconds of one TCP connection that is not measured
 * @param tcpSeconds for each TCP measure
 * @param askSeconds of round trips
 * @param rateSeconds at each rate that is tried
 * @param rates to try
 */
record Effort(
    int rounds,
    boolean fourConnections,
    int warmUpSeconds,
    int tcpSeconds,
    double askSeconds,
    double rateSeconds,
    int rates) {

  static Effort of(Scale scale) {
    return switch (scale) {
      case FULL -> new Effort(rounds(5), true, 3, 3, 2, 1, 8);
      case QUICK -> new Effort(rounds(2), false, 1, 1, 0.5, 0.3, 6);
    };
  }

  private static int rounds(int usual) {
    return Integer.getInteger("jflannel.bench.udp.rounds", usual);
  }
}
