// SPDX-License-Identifier: Apache-2.0
/**
 * A small immutable JSON tree on jackson-core, with the rules of Go's decoder (spec NET-1, NET-2,
 * ETC-4).
 */
@NullMarked
package io.jflannel.json;

import org.jspecify.annotations.NullMarked;
