// SPDX-License-Identifier: Apache-2.0
/**
 * The resolved CNI configuration: what the plugin {@code flannel} would delegate to, written by the
 * daemon, so that no pod waits for a process more.
 */
@NullMarked
package io.jflannel.flanneld.cni;

import org.jspecify.annotations.NullMarked;
