// SPDX-License-Identifier: Apache-2.0
/** The registry over etcd's v2 keys API (HTTP). */
@NullMarked
package io.jflannel.flanneld.store.etcd2;

import org.jspecify.annotations.NullMarked;
