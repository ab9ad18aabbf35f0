// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.json.Json;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * What a node publishes with its lease (spec 6.2): its addresses on the underlay and the backend's
 * data.
 *
 * @param publicIp IPv4 of the underlay; absent is written {@code 0.0.0.0}
 * @param publicIpv6 IPv6 of the underlay; absent is written {@code null}
 * @param backendType empty if the backend writes none (udp, alloc)
 */
public record LeaseAttributes(
    Optional<Ip> publicIp,
    Optional<Ip> publicIpv6,
    String backendType,
    Optional<Json> backendData,
    Optional<Json> backendV6Data) {

  public Optional<Ip> publicIp(Family family) {
    return family == Family.V4 ? publicIp : publicIpv6;
  }

  public Optional<Json> backendData(Family family) {
    return family == Family.V4 ? backendData : backendV6Data;
  }

  /** These, but with what others say of a family. */
  LeaseAttributes with(Family family, LeaseAttributes others) {
    LeaseAttributes v4 = family == Family.V4 ? others : this;
    LeaseAttributes v6 = family == Family.V6 ? others : this;
    return new LeaseAttributes(
        v4.publicIp(), v6.publicIpv6(), backendType, v4.backendData(), v6.backendV6Data());
  }

  /** Whether the node has another public address than before. */
  public static boolean hasMoved(LeaseAttributes before, LeaseAttributes now) {
    return !before.publicIp().equals(now.publicIp())
        || !before.publicIpv6().equals(now.publicIpv6());
  }
}
