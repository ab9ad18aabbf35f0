// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.linux.Capability;

/** Whether this process may do what a flanneld does. */
final class Rights {

  private Rights() {}

  /**
   * Looks before anything else is done: the kernel would only say EPERM, and late.
   *
   * @throws StartException that says what is missing and how to get it
   */
  static void demand() {
    if (!Capability.missing(Capability.NET_ADMIN).isEmpty()) {
      throw new StartException(
          "flanneld needs "
              + Capability.NET_ADMIN
              + " to set up network devices and routes, and was started without: run it as root; in"
              + " a container add the capability (docker run --cap-add=NET_ADMIN; Kubernetes:"
              + " securityContext.capabilities.add: [NET_ADMIN]); in a systemd unit of another user:"
              + " AmbientCapabilities=CAP_NET_ADMIN");
    }
  }
}
