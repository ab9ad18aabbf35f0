// SPDX-License-Identifier: Apache-2.0
/** Lease stores: the loop that holds the own lease, and the registries it talks to. */
@NullMarked
package io.jflannel.flanneld.store;

import org.jspecify.annotations.NullMarked;
