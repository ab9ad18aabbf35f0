// SPDX-License-Identifier: Apache-2.0
/** Options and the network configuration: raw text in, validated values out. Pure. */
@NullMarked
package io.jflannel.flanneld.config;

import org.jspecify.annotations.NullMarked;
