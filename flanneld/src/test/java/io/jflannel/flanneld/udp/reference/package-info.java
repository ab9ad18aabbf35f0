// SPDX-License-Identifier: Apache-2.0
/**
 * What the tests of the udp backend hold ours against: a naive peer, hosts on a wire that can be
 * listened to, an exchange of packets, and an independent check of what was on the wire.
 */
@NullMarked
package io.jflannel.flanneld.udp.reference;

import org.jspecify.annotations.NullMarked;
