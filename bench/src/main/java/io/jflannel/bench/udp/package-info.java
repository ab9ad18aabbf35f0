// SPDX-License-Identifier: Apache-2.0
/**
 * {@code bench/run udp}. {@link io.jflannel.bench.udp.Udp} goes through rounds, settings of the
 * wire and ways; a {@code Site} holds what one way is measured on, {@code Tunnels} lays it, {@code
 * Load} drives it, {@code Results} and {@code Aims} judge.
 */
@NullMarked
package io.jflannel.bench.udp;

import org.jspecify.annotations.NullMarked;
