// SPDX-License-Identifier: Apache-2.0
/** The operator's command {@code jflannel}. The daemon never loads this package. */
@NullMarked
package io.jflannel.flanneld.cli.command;

import org.jspecify.annotations.NullMarked;
