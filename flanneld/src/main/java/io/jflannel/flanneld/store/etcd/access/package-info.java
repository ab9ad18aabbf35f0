// SPDX-License-Identifier: Apache-2.0
/** What both etcd clients share: endpoints, TLS files, key names, texts of failures. */
@NullMarked
package io.jflannel.flanneld.store.etcd.access;

import org.jspecify.annotations.NullMarked;
