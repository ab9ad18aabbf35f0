// SPDX-License-Identifier: Apache-2.0
/** The choice between etcd's two APIs (--etcd-api). */
@NullMarked
package io.jflannel.flanneld.store.etcd;

import org.jspecify.annotations.NullMarked;
