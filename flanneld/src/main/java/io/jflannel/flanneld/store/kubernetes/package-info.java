// SPDX-License-Identifier: Apache-2.0
/**
 * Leases as annotations of Kubernetes nodes (control-plane.md, section 8): who has which subnet is
 * decided by the controller manager, which gives nodes their pod CIDRs.
 */
@NullMarked
package io.jflannel.flanneld.store.kubernetes;

import org.jspecify.annotations.NullMarked;
