// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

/** How thoroughly a benchmark measures, where it has a choice. */
public enum Scale {
  /** What is worth quoting. */
  FULL,

  /** For development: {@code --quick}. */
  QUICK
}
