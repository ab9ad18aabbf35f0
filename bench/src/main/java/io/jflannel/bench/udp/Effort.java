// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Scale;

/**
 * How long and how often.
 *
 * @param rounds over all settings and ways
 * @param warmUpSeconds of one TCP connection that is not measured
 * @param tcpSeconds for each TCP measure
 * @param askSeconds of round trips
 * @param rateSeconds at each rate that is tried
 * @param rates to try
 */
record Effort(
    int rounds,
    int warmUpSeconds,
    int tcpSeconds,
    double askSeconds,
    double rateSeconds,
    int rates) {

  static Effort of(Scale scale) {
    return switch (scale) {
      case FULL -> new Effort(5, 1, 3, 2, 1, 8);
      case QUICK -> new Effort(2, 1, 1, 0.5, 0.3, 6);
    };
  }
}
