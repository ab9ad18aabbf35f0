// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import io.jflannel.linux.Capability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a lab needs of the process that starts it, looked at before anything is made. */
public final class Preconditions {

  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");

  private Preconditions() {}

  /**
   * Looks.
   *
   * @throws CommandException that says what is missing and how to get it
   */
  public static void demand() {
    problem(Capability.missing(Capability.NET_ADMIN, Capability.SYS_ADMIN), mounts())
        .ifPresent(problem -> {
          throw new CommandException(problem);
        });
  }

  private static String mounts() {
    try {
      return Files.readString(MOUNTS);
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * The first thing that stands in the way.
   *
   * @param mounts as proc_pid_mountinfo(5) has them; empty: not known
   */
  static Optional<String> problem(List<Capability> missing, String mounts) {
    if (!missing.isEmpty()) {
      return Optional.of(
          "it makes network namespaces, for which this process lacks "
              + missing.stream().map(Capability::toString).collect(Collectors.joining(" and "))
              + ": run it as root; in a container: docker run --privileged");
    }
    // ip netns exec makes / a slave mount; in a chroot there is no mount at /
    if (!mounts.isEmpty() && mounts.lines().noneMatch(line -> line.split(" ", 6)[4].equals("/"))) {
      return Optional.of(
          """
          the root directory is no mount point, as in a chroot, and ip netns exec does not work so.
          Leave the chroot, make its directory (here DIR) a mount point, and enter it again:
            mount --bind DIR DIR && chroot DIR\
          """);
    }
    return Optional.empty();
  }
}
