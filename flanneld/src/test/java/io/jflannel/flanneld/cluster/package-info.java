// SPDX-License-Identifier: Apache-2.0
/** Our image, manifest and chart on a real Kubernetes cluster. */
@NullMarked
package io.jflannel.flanneld.cluster;

import org.jspecify.annotations.NullMarked;
