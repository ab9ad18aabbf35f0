// SPDX-License-Identifier: Apache-2.0
/**
 * The CNI plugin {@code flannel} (spec {@code backends.md} 17). {@link
 * io.jflannel.cni.PluginConfig}, {@link io.jflannel.cni.FlannelEnv} and {@link
 * io.jflannel.cni.DelegateConfig} are functions from values to values; the daemon renders with the
 * same ones.
 */
@NullMarked
package io.jflannel.cni;

import org.jspecify.annotations.NullMarked;
