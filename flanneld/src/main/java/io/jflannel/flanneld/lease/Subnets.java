// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.Optional;

/** What a lease gives: a subnet of one family, or of both. At least one is present. */
public record Subnets(Optional<Cidr> v4, Optional<Cidr> v6) {

  public Subnets {
    if (v4.isEmpty() && v6.isEmpty()) {
      throw new IllegalArgumentException("a lease without any subnet");
    }
  }

  public Optional<Cidr> of(Family family) {
    return family == Family.V4 ? v4 : v6;
  }

  /** {@code 10.5.1.0/24}, {@code fd00::/64} or both with a blank between. */
  @Override
  public String toString() {
    return v4.map(Cidr::toString).orElse("")
        + (v4.isPresent() && v6.isPresent() ? " " : "")
        + v6.map(Cidr::toString).orElse("");
  }
}
