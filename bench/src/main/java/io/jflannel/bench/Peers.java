// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.util.Optional;

/**
 * The peers of a benchmark, numbered from 0: their subnets and addresses in the network 10.0.0.0/9,
 * all on the link 10.128.0.0/9.
 *
 * @param type the backend's name in the network configuration
 */
record Peers(String type) {

  static final String VXLAN = "vxlan";
  static final String HOST_GW = "host-gw";

  private static final int FIRST_SUBNET = 256; // 10.1.0.0
  private static final int FIRST_ADDRESS = 10; // 10.128.0.10

  String config() {
    return "{\"Network\":\"10.0.0.0/9\",\"SubnetLen\":24,\"Backend\":{\"Type\":\"" + type + "\"}}";
  }

  /** Network address of the subnet, a /24. */
  static String subnet(int peer) {
    int subnet = peer + FIRST_SUBNET;
    return "10.%d.%d.0".formatted(subnet >> 8, subnet & 255);
  }

  static String address(int peer) {
    int address = peer + FIRST_ADDRESS;
    return "10.%d.%d.%d".formatted(128 + (address >> 16), (address >> 8) & 255, address & 255);
  }

  static String mac(int peer) {
    return "02:00:00:%02x:%02x:%02x".formatted(peer >> 16, (peer >> 8) & 255, peer & 255);
  }

  boolean isVxlan() {
    return type.equals(VXLAN);
  }

  /** The key below the prefix. */
  static String key(int peer) {
    return "subnets/" + subnet(peer) + "-24";
  }

  /** The lease as flannel stores it. */
  String lease(int peer) {
    Optional<String> data =
        isVxlan()
            ? Optional.of(",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"" + mac(peer) + "\"}")
            : Optional.empty();
    return "{\"PublicIP\":\"%s\",\"PublicIPv6\":null,\"BackendType\":\"%s\"%s}"
        .formatted(address(peer), type, data.orElse(""));
  }
}
