// SPDX-License-Identifier: Apache-2.0
/** The state in the Linux kernel: resources as netlink objects, and the kernel's events. */
@NullMarked
package io.jflannel.flanneld.kernel;

import org.jspecify.annotations.NullMarked;
