// SPDX-License-Identifier: Apache-2.0
/** The loop that keeps the kernel as the newest view of the leases wants it. */
@NullMarked
package io.jflannel.flanneld.reconcile;

import org.jspecify.annotations.NullMarked;
