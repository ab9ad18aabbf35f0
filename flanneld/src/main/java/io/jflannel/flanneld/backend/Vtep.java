// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.json.Json;
import io.jflannel.net.MacAddress;
import java.util.List;
import java.util.Optional;

/** The vxlan backend's lease data (backends.md 3.3): {@code {"VNI":1,"VtepMAC":"0a:…"}}. */
sealed interface Vtep {

  /** A usable MAC address. */
  record Known(MacAddress mac) implements Vtep {}

  /** None published yet: absent or empty, as a Windows node does at first (B53). */
  record Awaited() implements Vtep {}

  /**
   * Published, but unusable.
   *
   * @param text what was published
   */
  record Unusable(String text) implements Vtep {}

  static Vtep read(Optional<Json> data) {
    if (data.isEmpty() || !(data.get() instanceof Json.Obj object)) {
      return new Awaited();
    }
    Optional<Json> member = object.member("VtepMAC");
    if (member.isEmpty()) {
      return new Awaited();
    }
    if (!(member.get() instanceof Json.Str(String text))) {
      return new Unusable(member.get().text());
    }
    if (text.isEmpty()) {
      return new Awaited();
    }
    try {
      MacAddress mac = MacAddress.parse(text);
      return mac.isUnicast() && !mac.isZero() ? new Known(mac) : new Unusable(text);
    } catch (IllegalArgumentException e) {
      return new Unusable(text);
    }
  }

  /** The data as upstream writes it. */
  static Json write(int vni, MacAddress mac) {
    return new Json.Obj(
        List.of(
            new Json.Member("VNI", new Json.Num(Integer.toString(vni))),
            new Json.Member("VtepMAC", new Json.Str(mac.toString()))));
  }
}
