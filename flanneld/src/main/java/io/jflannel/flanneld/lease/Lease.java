// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

/** A subnet held by a node, as read from the store and accepted. */
public record Lease(Subnets subnets, LeaseAttributes attributes) {}
