// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The interface towards the other nodes and the addresses this node has there (spec section 4).
 *
 * @param index kernel index
 * @param mtu in bytes
 * @param address4 IfaceAddr: the IPv4 address on the interface, if that family is used
 * @param address6 IfaceV6Addr
 * @param public4 ExtAddr: what peers are told
 * @param public6 ExtV6Addr
 */
public record ExternalInterface(
    String name,
    int index,
    int mtu,
    Optional<Ip> address4,
    Optional<Ip> address6,
    Optional<Ip> public4,
    Optional<Ip> public6) {

  /** In words, for the log. */
  public String words() {
    return "interface %s, MTU %d, address %s, announced as %s"
        .formatted(name, mtu, both(address4, address6), both(public4, public6));
  }

  private static String both(Optional<Ip> v4, Optional<Ip> v6) {
    return Stream.of(v4, v6)
        .flatMap(Optional::stream)
        .map(Ip::toString)
        .collect(Collectors.joining(" and "));
  }

  public Optional<Ip> address(Family family) {
    return family == Family.V4 ? address4 : address6;
  }

  public Optional<Ip> publicIp(Family family) {
    return family == Family.V4 ? public4 : public6;
  }
}
