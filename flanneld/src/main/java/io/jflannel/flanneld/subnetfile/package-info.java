// SPDX-License-Identifier: Apache-2.0
/**
 * The subnet file (spec section 5): its text, reading a former one back, writing it so that readers
 * see a whole file or none, and the lock beside it.
 */
@NullMarked
package io.jflannel.flanneld.subnetfile;

import org.jspecify.annotations.NullMarked;
