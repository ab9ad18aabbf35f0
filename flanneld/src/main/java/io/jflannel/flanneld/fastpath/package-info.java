// SPDX-License-Identifier: Apache-2.0
/**
 * The udp backend's fast path (ADR 6): two eBPF programs that move plain packets between the TUN
 * device and the underlay without leaving the kernel. The same wire format; all that is unusual
 * goes on to the user-space path as if they were not there.
 */
@NullMarked
package io.jflannel.flanneld.fastpath;

import org.jspecify.annotations.NullMarked;
