// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.util.OptionalDouble;

/**
 * One measure.
 *
 * @param measure what, in words
 * @param unit of ours and of the reference
 * @param ours what jflannel needs; less is better
 * @param reference what the reference needed in the same run, if there is one
 */
record Row(String measure, String unit, double ours, OptionalDouble reference, Aim aim) {

  Row {
    if (aim instanceof Aim.RatioAtMost && reference.isEmpty()) {
      throw new IllegalArgumentException("a ratio needs a reference: " + measure);
    }
  }

  /** A measure beside a reference. */
  static Row against(String measure, String unit, double ours, double reference, Aim aim) {
    return new Row(measure, unit, ours, OptionalDouble.of(reference), aim);
  }

  /** A measure alone. */
  static Row alone(String measure, String unit, double ours, Aim aim) {
    return new Row(measure, unit, ours, OptionalDouble.empty(), aim);
  }

  /** Ours divided by the reference; not a number without one. */
  double ratio() {
    return ours / reference.orElse(Double.NaN);
  }

  /** Whether the aim is met. A value that is not a number meets none. */
  boolean met() {
    return switch (aim) {
      case Aim.RatioAtMost ratio -> ratio() <= ratio.limit();
      case Aim.AtMost most -> ours <= most.limit();
      case Aim.None none -> true;
    };
  }
}
