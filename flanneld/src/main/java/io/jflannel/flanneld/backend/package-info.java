// SPDX-License-Identifier: Apache-2.0
/** Backends: from a view of the leases to the network state we want. Pure. */
@NullMarked
package io.jflannel.flanneld.backend;

import org.jspecify.annotations.NullMarked;
