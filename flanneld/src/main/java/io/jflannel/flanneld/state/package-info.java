// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernel should hold and what it holds: resources, states, the plan between them. Pure.
 */
@NullMarked
package io.jflannel.flanneld.state;

import org.jspecify.annotations.NullMarked;
