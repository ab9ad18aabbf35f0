// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps the traffic rules of {@code traffic} in the kernel: reads, plans, writes and reads again;
 * on change, on events of nf_tables and on a timer. One thread owns it.
 */
@NullMarked
package io.jflannel.flanneld.firewall;

import org.jspecify.annotations.NullMarked;
