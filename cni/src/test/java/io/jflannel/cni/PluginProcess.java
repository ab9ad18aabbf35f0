// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The plugin as a process, in a directory with plugins that only note what they are asked. */
final class PluginProcess {

  static final String ENV =
      "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.17.1/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=true\n";

  private final Path directory;
  private final Map<String, String> environment = new HashMap<>();

  /** How it ended. */
  record Ended(int status, String out, String err) {
    Json.Obj error() {
      return (Json.Obj) Json.parse(out);
    }

    long code() {
      return Long.parseLong(((Json.Num) error().member("code").orElseThrow()).literal());
    }
  }

  /** With a subnet file, and a {@code bridge} that succeeds. */
  PluginProcess(Path directory) throws IOException {
    this.directory = directory;
    Files.writeString(subnetFile(), ENV);
    bridge(0, "{\"cniVersion\":\"0.4.0\",\"ips\":[]}");
    environment.put("CNI_PATH", "/nowhere:" + directory);
    environment.put("CNI_CONTAINERID", "c1");
    environment.put("CNI_IFNAME", "eth0");
    environment.put("CNI_NETNS", "/var/run/netns/none");
  }

  Path subnetFile() {
    return directory.resolve("subnet.env");
  }

  Path data() {
    return directory.resolve("data");
  }

  Path state(String name) {
    return data().resolve(name);
  }

  /** What {@code bridge} was asked last: the command, then its standard input. */
  Path asked() {
    return directory.resolve("asked");
  }

  void bridge(int status, String prints) throws IOException {
    Path bridge = directory.resolve("bridge");
    Files.writeString(
        bridge,
        "#!/bin/sh\n{ echo \"$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME\"; cat; } >"
            + asked()
            + "\necho from bridge >&2\ncat <<'END'\n"
            + prints
            + "\nEND\nexit "
            + status
            + "\n");
    Files.setPosixFilePermissions(bridge, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A configuration that uses this directory, with more members. */
  String config(String version, String more) {
    return "{\"cniVersion\":\"%s\",\"name\":\"cni-flannel\",\"type\":\"flannel\",\"subnetFile\":\"%s\",\"dataDir\":\"%s\"%s}"
        .formatted(version, subnetFile(), data(), more.replace('\'', '"'));
  }

  /** An empty value removes the variable. */
  PluginProcess with(String name, String value) {
    environment.put(name, value);
    return this;
  }

  Ended run(String command) throws IOException, InterruptedException {
    return run(command, config("0.4.0", ""));
  }

  Ended run(String command, String input) throws IOException, InterruptedException {
    Path out = Files.createTempFile(directory, "out", "");
    Path err = Files.createTempFile(directory, "err", "");
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "io.jflannel.cni.Main"));
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("CNI_"));
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().putAll(environment);
    builder.environment().put("CNI_COMMAND", command);
    builder.environment().values().removeIf(String::isEmpty);
    Process process = builder.start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(UTF_8));
    } catch (IOException e) {
      // it did not want to read all
    }
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the plugin does not end");
    }
    return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
  }
}
