// SPDX-License-Identifier: Apache-2.0
/** Certificates, keys and authorities from PEM, and what goes wrong with them in words. */
@NullMarked
package io.jflannel.flanneld.store.tls;

import org.jspecify.annotations.NullMarked;
