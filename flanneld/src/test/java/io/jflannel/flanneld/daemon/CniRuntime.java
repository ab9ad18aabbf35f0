// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * What a container runtime does with a list of plugins, on a host that is a namespace: Debian's
 * plugins, and {@code flannel} from this class path.
 */
final class CniRuntime {

  private static final Path PLUGINS = Path.of("/usr/lib/cni");

  private final String host;
  private final Path plugins;
  private final Json.Obj list;
  private final List<String> arguments;

  /** How a command ended. */
  record Ended(int status, String out) {}

  /**
   * A runtime that has read a file.
   *
   * @param arguments {@code runtimeConfig} by plugin: {@code portmap={…}}
   */
  CniRuntime(String host, Path directory, String list, String... arguments) throws IOException {
    demandPlugins();
    this.host = host;
    this.list = (Json.Obj) Json.parse(list);
    this.arguments = List.of(arguments);
    plugins = Files.createDirectories(directory.resolve("plugins"));
    Path flannel = plugins.resolve("flannel");
    Files.writeString(
        flannel,
        "#!/bin/sh\nexec %s/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp %s io.jflannel.cni.Main\n"
            .formatted(System.getProperty("java.home"), System.getProperty("java.class.path")));
    Files.setPosixFilePermissions(flannel, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static void demandPlugins() {
    boolean there = Files.isExecutable(PLUGINS.resolve("bridge"));
    String reason = "needs the package containernetworking-plugins (scripts/test installs it)";
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      assertThat(there).as(reason).isTrue();
    }
    if (!there) {
      System.err.println("SKIPPED: " + reason);
    }
    Assumptions.assumeTrue(there, reason);
  }

  /** The result of the last plugin; each must succeed. */
  Json.Obj add(String pod) throws IOException, InterruptedException {
    Optional<Json> result = Optional.empty();
    for (Json.Obj plugin : plugins()) {
      Ended ended = run("ADD", pod, plugin, result);
      assertThat(ended.status()).as(ended.out()).isZero();
      result = Optional.of(Json.parse(ended.out()));
    }
    return (Json.Obj) result.orElseThrow();
  }

  /** Of the first plugin that fails, else of the last. */
  Ended check(String pod, Json.Obj result) throws IOException, InterruptedException {
    Ended ended = new Ended(0, "");
    for (Json.Obj plugin : plugins()) {
      ended = run("CHECK", pod, plugin, Optional.of(result));
      if (ended.status() != 0) {
        return ended;
      }
    }
    return ended;
  }

  void del(String pod, Json.Obj result) throws IOException, InterruptedException {
    for (Json.Obj plugin : plugins().reversed()) {
      Ended ended = run("DEL", pod, plugin, Optional.of(result));
      assertThat(ended.status()).as(ended.out()).isZero();
    }
  }

  private List<Json.Obj> plugins() {
    return ((Json.Arr) list.member("plugins").orElseThrow())
        .items().stream().map(item -> (Json.Obj) item).toList();
  }

  private Ended run(String command, String pod, Json.Obj plugin, Optional<Json> previous)
      throws IOException, InterruptedException {
    String type = ((Json.Str) plugin.member("type").orElseThrow()).value();
    List<Json.Member> members = new ArrayList<>(plugin.members());
    members.removeIf(member -> member.name().equals("capabilities"));
    for (String name : List.of("name", "cniVersion")) {
      members.add(new Json.Member(name, list.member(name).orElseThrow()));
    }
    previous.ifPresent(result -> members.add(new Json.Member("prevResult", result)));
    arguments.stream()
        .filter(given -> given.startsWith(type + "="))
        .map(given -> Json.parse(given.substring(type.length() + 1)))
        .forEach(value -> members.add(new Json.Member("runtimeConfig", value)));
    Path program =
        Files.exists(plugins.resolve(type)) ? plugins.resolve(type) : PLUGINS.resolve(type);
    ProcessBuilder builder =
        new ProcessBuilder(
            "ip",
            "netns",
            "exec",
            host,
            "env",
            "CNI_COMMAND=" + command,
            "CNI_CONTAINERID=" + pod,
            "CNI_NETNS=/run/netns/" + pod,
            "CNI_IFNAME=eth0",
            "CNI_PATH=" + plugins + ":" + PLUGINS,
            program.toString());
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = builder.start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(new Json.Obj(members).text().getBytes(UTF_8));
    }
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), out);
  }
}
