// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Who owns a netlink port. The kernel gives a process's first socket its process id as the port
 * (netlink(7)); further ones get arbitrary negative numbers.
 */
final class PortOwner {

  private PortOwner() {}

  static String name(int port) {
    if (port <= 0) {
      return "somebody unknown";
    }
    try {
      return Files.readString(Path.of("/proc/" + port + "/comm")).strip() + " (pid " + port + ")";
    } catch (IOException e) {
      return "a process that is gone (pid " + port + ")";
    }
  }
}
