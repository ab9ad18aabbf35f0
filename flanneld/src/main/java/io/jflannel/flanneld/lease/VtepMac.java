// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.json.Json;
import io.jflannel.net.Family;
import io.jflannel.net.MacAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The MAC address of a node's VXLAN device as its lease says it (backends.md 3.3). */
public sealed interface VtepMac {

  /** BackendType of the leases that carry one. */
  String VXLAN = "vxlan";

  /** {@code aa:bb:cc:dd:ee:ff}. */
  HexFormat COLONS = HexFormat.ofDelimiter(":");

  /** It is there. */
  record Known(MacAddress mac) implements VtepMac {}

  /**
   * No data, no key {@code VtepMAC}, or an empty one: Windows nodes publish it later (B53). Such a
   * peer is waited for.
   */
  record Absent() implements VtepMac {}

  /** It cannot be used, for {@code reason}. */
  record Bad(String reason) implements VtepMac {}

  /** The address, if there is one to use. */
  default Optional<MacAddress> known() {
    return this instanceof Known known ? Optional.of(known.mac()) : Optional.empty();
  }

  /** The lease data of a family as upstream writes it: {@code {"VNI":1,"VtepMAC":"0a:…"}}. */
  static Json data(int vni, MacAddress mac) {
    return new Json.Obj(
        List.of(
            new Json.Member("VNI", new Json.Num(Integer.toString(vni))),
            new Json.Member("VtepMAC", new Json.Str(mac.toString()))));
  }

  /** What {@code attributes} say for a family's device. */
  static VtepMac of(LeaseAttributes attributes, Family family) {
    Optional<Json> data = attributes.backendData(family);
    if (data.isEmpty() || !attributes.backendType().equals(VXLAN)) {
      return new Absent();
    }
    if (!(data.get() instanceof Json.Obj object)) {
      return new Bad("backend data is no JSON object");
    }
    return switch (object.member("VtepMAC").orElse(new Json.Str(""))) {
      case Json.Str(String text) when text.isEmpty() -> new Absent();
      case Json.Str(String text) -> parse(text);
      case Json other -> new Bad("VtepMAC is " + other.text() + ", not a string");
    };
  }

  private static VtepMac parse(String text) {
    try {
      MacAddress mac = address(text);
      if (mac.isZero()) {
        return new Bad("VtepMAC is zero");
      }
      return mac.isUnicast() ? new Known(mac) : new Bad("VtepMAC " + mac + " is a group address");
    } catch (IllegalArgumentException e) {
      return new Bad("VtepMAC: " + e.getMessage());
    }
  }

  /** The form that everybody writes, without a regular expression: 20,000 leases are parsed. */
  private static MacAddress address(String text) {
    boolean usual = text.length() == 17 && text.charAt(2) == ':';
    return usual ? MacAddress.of(COLONS.parseHex(text)) : MacAddress.parse(text);
  }
}
