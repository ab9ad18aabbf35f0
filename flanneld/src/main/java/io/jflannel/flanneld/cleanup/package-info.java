// SPDX-License-Identifier: Apache-2.0
/** Takes away what daemons have left on a host. */
@NullMarked
package io.jflannel.flanneld.cleanup;

import org.jspecify.annotations.NullMarked;
