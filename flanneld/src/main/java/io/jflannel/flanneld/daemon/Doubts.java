// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.json.JsonFields;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** What is allowed, as upstream allows it, and hardly ever meant. Pure. */
final class Doubts {

  private static final int MAX_MTU = 65_535;

  private Doubts() {}

  /**
   * One line each.
   *
   * @param config one that its backend has accepted
   * @param place where the configuration stands
   */
  static List<String> of(NetworkConfig config, ExternalInterface external, String place) {
    List<String> doubts = new ArrayList<>();
    for (Family family : Family.values()) {
      String prefix = family == Family.V4 ? "" : "IPv6";
      Optional<AddressRange> range = config.range(family);
      Optional<Ip> address = external.address(family);
      if (range.isPresent() && address.filter(range.get().network()::contains).isPresent()) {
        doubts.add(
            "%s: %sNetwork %s contains %s of %s: subnets may hide other hosts; give containers a"
                    .formatted(place, prefix, range.get().network(), address.get(), external.name())
                + " network that nothing else uses");
      }
      external
          .publicIp(family)
          .filter(Ip::isLoopback)
          .ifPresent(loopback ->
              doubts.add(
                  "No other node can reach "
                      + loopback
                      + ", which this one announces: name another interface with --iface"));
    }
    if (config.backendType().equalsIgnoreCase("udp") && config.enabled(Family.V6)) {
      doubts.add(
          place + ": Backend.Type: \"udp\" carries IPv4 only: IPv6 subnets are not connected");
    }
    mtu(config)
        .filter(mtu -> mtu > external.mtu())
        .ifPresent(mtu ->
            doubts.add(
                "%s: Backend.MTU %d is above the %d of %s: large packets of containers that follow FLANNEL_MTU are lost"
                    .formatted(place, mtu, external.mtu(), external.name())));
    return doubts;
  }

  /** Only vxlan has it. */
  private static Optional<Long> mtu(NetworkConfig config) {
    if (!config.backendType().equals("vxlan")) {
      return Optional.empty();
    }
    OptionalLong mtu = new JsonFields("Backend.", config.backend()).integer("MTU", 0, MAX_MTU);
    return mtu.isPresent() ? Optional.of(mtu.getAsLong()) : Optional.empty();
  }
}
