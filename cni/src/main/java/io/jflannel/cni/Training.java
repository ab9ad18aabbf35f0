// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/** What the run that records the AOT cache does: a container's life, without touching networks. */
public final class Training {

  private static final String ENV =
      """
      FLANNEL_NETWORK=10.1.0.0/16
      FLANNEL_SUBNET=10.1.17.1/24
      FLANNEL_IPV6_NETWORK=fc00::/48
      FLANNEL_IPV6_SUBNET=fc00::1/64
      FLANNEL_MTU=1450
      FLANNEL_IPMASQ=true
      """;

  private Training() {}

  /** Exit status 1 if a command fails. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("flannel-training");
    int failures = 0;
    try {
      Files.writeString(directory.resolve("subnet.env"), ENV);
      Path bridge = directory.resolve("bridge");
      Files.writeString(bridge, "#!/bin/sh\necho '{\"cniVersion\":\"0.3.1\"}'\n");
      Files.setPosixFilePermissions(bridge, PosixFilePermissions.fromString("rwxr-xr-x"));
      for (String command : new String[] {"VERSION", "ADD", "CHECK", "DEL", "DEL"}) {
        failures += run(directory, command);
      }
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
    System.exit(failures == 1 ? 0 : 1); // this version knows no CHECK
  }

  private static int run(Path directory, String command) throws InterruptedException {
    return Main.run(
        Map.of(
            "CNI_COMMAND", command,
            "CNI_CONTAINERID", "0123456789abcdef",
            "CNI_IFNAME", "eth0",
            "CNI_NETNS", "/var/run/netns/training",
            "CNI_PATH", directory.toString()),
        new ByteArrayInputStream(config(directory).getBytes(UTF_8)),
        new PrintStream(System.out, true, UTF_8),
        new PrintStream(System.err, true, UTF_8));
  }

  private static String config(Path directory) {
    return """
    {"cniVersion":"0.3.1","name":"cbr0","type":"flannel","subnetFile":"%1$s/subnet.env","dataDir":"%1$s/data",
    "delegate":{"hairpinMode":true,"isDefaultGateway":true,"mtu":1400},
    "ipam":{"routes":[{"dst":"10.96.0.0/12","gw":"10.1.17.20"}]}}
    """
        .formatted(directory);
  }
}
