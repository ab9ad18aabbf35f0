// SPDX-License-Identifier: Apache-2.0
/** The command line: Go's flag syntax, flanneld's flags and {@code FLANNELD_*} (spec section 1). */
@NullMarked
package io.jflannel.flanneld.cli;

import org.jspecify.annotations.NullMarked;
