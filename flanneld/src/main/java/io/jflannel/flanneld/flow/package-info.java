// SPDX-License-Identifier: Apache-2.0
/** How values and work travel between threads: the newest value, back-off, a scope of tasks. */
@NullMarked
package io.jflannel.flanneld.flow;

import org.jspecify.annotations.NullMarked;
