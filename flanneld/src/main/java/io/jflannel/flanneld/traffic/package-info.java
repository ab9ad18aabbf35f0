// SPDX-License-Identifier: Apache-2.0
/**
 * Traffic rules as values, and as text for iptables and nftables (spec: backends.md section 14).
 * Pure: deciding only. {@code firewall} does it.
 */
@NullMarked
package io.jflannel.flanneld.traffic;

import org.jspecify.annotations.NullMarked;
