// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.net.MacAddress;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The VTEP MACs to publish when nothing is published yet: an existing device keeps its own, so that
 * a restart, also one that takes over from upstream, changes nothing on the wire.
 */
public final class ExistingVteps {

  private ExistingVteps() {}

  /**
   * Reads them in the calling thread's namespace.
   *
   * @param random for devices that do not exist
   * @throws io.jflannel.linux.LinuxException if the kernel cannot be asked
   */
  public static Backend.Vteps read(Backend.Devices devices, RandomGenerator random) {
    try (RouteSocket socket = RouteSocket.open()) {
      return new Backend.Vteps(
          mac(socket, devices.v4(), random), mac(socket, devices.v6(), random));
    }
  }

  private static MacAddress mac(
      RouteSocket socket, Optional<String> device, RandomGenerator random) {
    return device
        .flatMap(socket::link)
        .filter(link -> link.vxlan().isPresent())
        .flatMap(Link::mac)
        .filter(mac -> mac.isUnicast() && !mac.isZero())
        .orElseGet(() -> MacAddress.local(random.nextLong()));
  }
}
