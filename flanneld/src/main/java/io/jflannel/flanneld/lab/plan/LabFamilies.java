// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import io.jflannel.net.Family;
import java.util.List;

/** The address families of a lab, underlay and overlay alike. */
public enum LabFamilies {
  IPV4,
  IPV6,
  DUAL;

  /** One or two families, IPv4 first. */
  public List<Family> list() {
    return switch (this) {
      case IPV4 -> List.of(Family.V4);
      case IPV6 -> List.of(Family.V6);
      case DUAL -> List.of(Family.V4, Family.V6);
    };
  }

  /** Whether the lab has addresses of a family. */
  public boolean has(Family family) {
    return list().contains(family);
  }

  /** The word people read. */
  @Override
  public String toString() {
    return switch (this) {
      case IPV4 -> "IPv4";
      case IPV6 -> "IPv6";
      case DUAL -> "dual stack";
    };
  }
}
