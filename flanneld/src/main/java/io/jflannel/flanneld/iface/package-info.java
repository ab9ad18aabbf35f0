// SPDX-License-Identifier: Apache-2.0
/**
 * Which interface leads to the other nodes, and which addresses this node has there (spec section
 * 4). Pure: it works on a snapshot of the host's network.
 */
@NullMarked
package io.jflannel.flanneld.iface;

import org.jspecify.annotations.NullMarked;
