// SPDX-License-Identifier: Apache-2.0
/** The registry over etcd's v3 API (gRPC). */
@NullMarked
package io.jflannel.flanneld.store.etcd3;

import org.jspecify.annotations.NullMarked;
