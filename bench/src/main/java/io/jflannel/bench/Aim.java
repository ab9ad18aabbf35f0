// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

/** What a measure must be. */
public sealed interface Aim {

  /** Ours divided by the reference is at most this. */
  record RatioAtMost(double limit) implements Aim {}

  /** Ours divided by the reference is at least this. */
  record RatioAtLeast(double limit) implements Aim {}

  /** Ours is at most this, in the row's unit. */
  record AtMost(double limit) implements Aim {}

  /** Shown for information. */
  record None() implements Aim {}
}
