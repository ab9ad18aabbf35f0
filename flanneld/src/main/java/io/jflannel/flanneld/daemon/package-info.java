// SPDX-License-Identifier: Apache-2.0
/** flanneld itself: what is started in which order, what keeps running, and how it ends. */
@NullMarked
package io.jflannel.flanneld.daemon;

import org.jspecify.annotations.NullMarked;
