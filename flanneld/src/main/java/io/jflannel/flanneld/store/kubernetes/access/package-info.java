// SPDX-License-Identifier: Apache-2.0
/** How to reach the API server, and as whom: kubeconfig, the pod's service account, flags (8.1). */
@NullMarked
package io.jflannel.flanneld.store.kubernetes.access;

import org.jspecify.annotations.NullMarked;
