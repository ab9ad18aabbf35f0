// SPDX-License-Identifier: Apache-2.0
/**
 * Benchmarks. Each measures jflannel and, where there is one, a named reference in the same run,
 * and says whether the aim is met. A new one implements {@link io.jflannel.bench.Benchmark} and is
 * listed in {@link io.jflannel.bench.Bench}.
 */
@NullMarked
package io.jflannel.bench;

import org.jspecify.annotations.NullMarked;
