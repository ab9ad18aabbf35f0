// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.json.Json;
import io.jflannel.json.Json.Obj;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;

/** Reads as much of a network configuration as these tests use: /24 in /16, /64 in /56. */
public final class TestNetwork {

  private TestNetwork() {}

  public static NetworkConfig parse(String text) {
    if (!(Json.parse(text) instanceof Obj config)) {
      throw new ConfigException("no object: " + text);
    }
    return new NetworkConfig(
        string(config, "Network").map(network -> v4(config, Cidr.parse(network))),
        string(config, "IPv6Network").map(network -> v6(Cidr.parse(network))),
        false,
        "vxlan",
        config.member("Backend").map(Obj.class::cast).orElse(new Obj(List.of())));
  }

  private static AddressRange v4(Obj config, Cidr network) {
    return new AddressRange(
        network,
        24,
        string(config, "SubnetMin").map(Ip::parse).orElse(network.ip().plus(256)),
        string(config, "SubnetMax").map(Ip::parse).orElse(network.ip().plus(255 * 256)));
  }

  private static AddressRange v6(Cidr network) {
    Ip ip = network.ip();
    return new AddressRange(
        network, 64, new Ip(ip.high() + 1, ip.low()), new Ip(ip.high() + 255, ip.low()));
  }

  private static Optional<String> string(Obj config, String name) {
    return config.member(name).map(json -> ((Json.Str) json).value());
  }
}
