// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import java.util.Optional;

/**
 * The attributes this node wants to publish, given what its lease publishes already: a VTEP MAC
 * that peers know is kept. Pure: the same argument gives the same answer.
 */
@FunctionalInterface
public interface OwnAttributes {
  LeaseAttributes given(Optional<LeaseAttributes> published);
}
