// SPDX-License-Identifier: Apache-2.0
/**
 * A directory as the registry, for several daemons on one machine: the lab, tests, a first try.
 * Never a cluster.
 */
@NullMarked
package io.jflannel.flanneld.store.local;

import org.jspecify.annotations.NullMarked;
