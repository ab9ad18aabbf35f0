// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A right of a process, by its number in {@code linux/capability.h}. */
public enum Capability {
  /** Devices, addresses, routes, and the kernel parameters of the network. */
  NET_ADMIN(12),
  /** Namespaces and mounts. */
  SYS_ADMIN(21),
  /** Programs and maps of eBPF (Linux 5.8). */
  BPF(39);

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Pattern EFFECTIVE = Pattern.compile("(?m)^CapEff:\\s*([0-9a-f]{1,16})$");

  private final int number;

  Capability(int number) {
    this.number = number;
  }

  /**
   * Those of {@code wanted} that this process does not have. Within a user namespace of its own a
   * process has them all, whatever it may do outside.
   *
   * @return empty also where {@code /proc} does not say
   */
  public static List<Capability> missing(Capability... wanted) {
    try {
      return missing(Files.readString(STATUS), wanted);
    } catch (IOException e) {
      return List.of(); // what needs the right will say so
    }
  }

  /** As proc_pid_status(5) writes the effective set: one bit each, in hexadecimal. */
  static List<Capability> missing(String status, Capability... wanted) {
    Matcher effective = EFFECTIVE.matcher(status);
    if (!effective.find()) {
      return List.of();
    }
    long bits = Long.parseUnsignedLong(effective.group(1), 16);
    return Arrays.stream(wanted).filter(right -> (bits >> right.number & 1) == 0).toList();
  }

  /** {@code CAP_NET_ADMIN}. */
  @Override
  public String toString() {
    return "CAP_" + name();
  }
}
