// SPDX-License-Identifier: Apache-2.0
/**
 * flanneld, the daemon: leases a subnet, tells the others, and keeps the kernel's state as wanted.
 */
@org.jspecify.annotations.NullMarked
package io.jflannel.flanneld;
