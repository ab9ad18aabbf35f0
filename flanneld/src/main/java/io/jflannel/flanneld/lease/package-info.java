// SPDX-License-Identifier: Apache-2.0
/** Leases, their attributes and wire format, the allocator and the fold into a view. Pure. */
@NullMarked
package io.jflannel.flanneld.lease;

import org.jspecify.annotations.NullMarked;
