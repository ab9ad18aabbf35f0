// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.util.OptionalDouble;

/**
 * One measure.
 *
 * @param measure what, in words
 * @param unit of ours and of the reference
 * @param ours what jflannel needs, or does
 * @param reference what the reference needed, or did, in the same run, if there is one
 */
public record Row(String measure, String unit, double ours, OptionalDouble reference, Aim aim) {

  public Row {
    boolean isRatio = aim instanceof Aim.RatioAtMost || aim instanceof Aim.RatioAtLeast;
    if (isRatio && reference.isEmpty()) {
      throw new IllegalArgumentException("a ratio needs a reference: " + measure);
    }
  }

  /** A measure beside a reference. */
  public static Row against(String measure, String unit, double ours, double reference, Aim aim) {
    return new Row(measure, unit, ours, OptionalDouble.of(reference), aim);
  }

  /** A measure alone. */
  public static Row alone(String measure, String unit, double ours, Aim aim) {
    return new Row(measure, unit, ours, OptionalDouble.empty(), aim);
  }

  /** Ours divided by the reference; not a number without one. */
  double ratio() {
    return ours / reference.orElse(Double.NaN);
  }

  /** Whether the aim is met. A value that is not a number meets none. */
  public boolean met() {
    return switch (aim) {
      case Aim.RatioAtMost ratio -> ratio() <= ratio.limit();
      case Aim.RatioAtLeast ratio -> ratio() >= ratio.limit();
      case Aim.AtMost most -> ours <= most.limit();
      case Aim.None none -> true;
    };
  }
}
