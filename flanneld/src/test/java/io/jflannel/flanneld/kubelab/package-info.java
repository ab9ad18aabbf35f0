// SPDX-License-Identifier: Apache-2.0

/** A real Kubernetes for tests: see {@code kubelab/README.md}. */
@NullMarked
package io.jflannel.flanneld.kubelab;

import org.jspecify.annotations.NullMarked;
