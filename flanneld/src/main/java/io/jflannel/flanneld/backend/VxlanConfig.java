// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.json.JsonFields;
import io.jflannel.net.Family;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The checked {@code Backend} object of type vxlan (backends.md 3.1). The Windows keys MacPrefix
 * and Name are ignored.
 *
 * @param vni VXLAN network identifier, 0 to 2^24 - 1
 * @param port UDP port; 0 leaves it to the kernel: 8472
 * @param mtu of the outer packets, in bytes; absent: the external interface's
 * @param gbp group based policy extension
 * @param learning whether devices learn remote addresses from packets
 * @param directRouting plain routes to peers on the same link
 */
record VxlanConfig(
    int vni, int port, OptionalInt mtu, boolean gbp, boolean learning, boolean directRouting) {

  private static final int MAX_VNI = (1 << 24) - 1;
  private static final int MAX_PORT = 65_535;
  private static final int MAX_MTU = 65_535;
  private static final int MAX_NAME = 15;

  /** Outer IPv4, UDP, VXLAN and inner Ethernet headers. */
  static final int OVERHEAD_V4 = 50;

  /** The same with an outer IPv6 header. */
  static final int OVERHEAD_V6 = 70;

  /** RFC 791: what every IPv4 link must carry; the kernel's lower bound for a vxlan device. */
  private static final int MIN_V4 = 68;

  /** RFC 8200: below this the kernel takes IPv6 off the device. */
  private static final int MIN_V6 = 1_280;

  /**
   * Reads and checks it.
   *
   * @throws io.jflannel.json.JsonException naming the field, its value and the rule
   */
  static VxlanConfig of(NetworkConfig network) {
    var fields = new JsonFields("Backend.", network.backend());
    int least = network.enabled(Family.V6) ? MIN_V6 + OVERHEAD_V6 : MIN_V4 + OVERHEAD_V4;
    OptionalLong mtu = fields.integer("MTU", least, MAX_MTU);
    return new VxlanConfig(
        (int) fields.integer("VNI", 0, MAX_VNI).orElse(1),
        (int) fields.integer("Port", 0, MAX_PORT).orElse(0),
        mtu.isPresent() ? OptionalInt.of((int) mtu.getAsLong()) : OptionalInt.empty(),
        fields.bool("GBP").orElse(false),
        fields.bool("Learning").orElse(false),
        fields.bool("DirectRouting").orElse(false));
  }

  /**
   * {@code flannel.VNI} and {@code flannel-v6.VNI}; {@code fl.VNI} and {@code fl-v6.VNI} where the
   * kernel would refuse the long name (B34).
   */
  String device(Family family) {
    String suffix = (family == Family.V4 ? "." : "-v6.") + vni;
    return "flannel".length() + suffix.length() <= MAX_NAME ? "flannel" + suffix : "fl" + suffix;
  }

  static int overhead(Family family) {
    return family == Family.V4 ? OVERHEAD_V4 : OVERHEAD_V6;
  }
}
