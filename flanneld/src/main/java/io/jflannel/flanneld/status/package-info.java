// SPDX-License-Identifier: Apache-2.0
/** What the daemon shows of itself: the status document, health and readiness. */
@NullMarked
package io.jflannel.flanneld.status;

import org.jspecify.annotations.NullMarked;
