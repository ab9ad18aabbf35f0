// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import io.jflannel.json.Json;
import java.util.List;

/** The flannel backends a lab can run. */
public enum LabBackend {
  VXLAN("vxlan"),

  /**
   * vxlan with DirectRouting. The last host is behind a router, so that both the direct and the
   * tunnelled path exist from three hosts on.
   */
  VXLAN_DIRECT("vxlan-direct"),

  HOST_GW("host-gw"),

  /** IPv4 only. */
  UDP("udp");

  private final String word;

  LabBackend(String word) {
    this.word = word;
  }

  /** The Backend object of the network configuration (spec section 3). */
  public Json.Obj config() {
    return switch (this) {
      case VXLAN -> new Json.Obj(List.of(type("vxlan")));
      case VXLAN_DIRECT ->
          new Json.Obj(
              List.of(type("vxlan"), new Json.Member("DirectRouting", new Json.Bool(true))));
      case HOST_GW -> new Json.Obj(List.of(type("host-gw")));
      case UDP -> new Json.Obj(List.of(type("udp")));
    };
  }

  private static Json.Member type(String type) {
    return new Json.Member("Type", new Json.Str(type));
  }

  /** The word of the command line. */
  @Override
  public String toString() {
    return word;
  }
}
