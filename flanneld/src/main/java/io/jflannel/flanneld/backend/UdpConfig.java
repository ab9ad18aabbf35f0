// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.json.JsonFields;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The checked {@code Backend} object of type udp (backends.md 6.1).
 *
 * @param network of IPv4: this backend carries no other
 * @param port UDP port of all hosts
 * @param mtu of the outer packets, in bytes (ours); absent: the external interface's
 */
public record UdpConfig(Cidr network, int port, OptionalInt mtu) {

  /** Outer IPv4 and UDP headers. */
  static final int OVERHEAD = 28;

  private static final int DEFAULT_PORT = 8285;
  private static final int MAX_PORT = 65_535;
  private static final int MAX_MTU = 65_535;

  /** RFC 791: what every IPv4 link must carry. */
  private static final int MIN_MTU = 68;

  /**
   * Reads and checks it.
   *
   * @throws ConfigException if there is no IPv4 network (B22)
   * @throws io.jflannel.json.JsonException naming the field, its value and the rule
   */
  public static UdpConfig of(NetworkConfig network) {
    Cidr ipv4 =
        network
            .range(Family.V4)
            .map(NetworkConfig.AddressRange::network)
            .orElseThrow(() ->
                new ConfigException(
                    "Backend.Type: \"udp\" carries IPv4 only, but EnableIPv4 is false: choose"
                        + " vxlan"));
    var fields = new JsonFields("Backend.", network.backend());
    OptionalLong mtu = fields.integer("MTU", MIN_MTU + OVERHEAD, MAX_MTU);
    return new UdpConfig(
        ipv4,
        (int) fields.integer("Port", 1, MAX_PORT).orElse(DEFAULT_PORT),
        mtu.isPresent() ? OptionalInt.of((int) mtu.getAsLong()) : OptionalInt.empty());
  }

  /** Of the TUN device, in bytes. */
  public int deviceMtu(ExternalInterface external) {
    return Math.min(mtu.orElse(external.mtu()), external.mtu()) - OVERHEAD;
  }
}
