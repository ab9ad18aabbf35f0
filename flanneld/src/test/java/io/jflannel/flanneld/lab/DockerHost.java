// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.util.Comparator.reverseOrder;

import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.RunDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A dockerd on a host of the lab, with one container {@code web} that serves a page.
 *
 * <p>It has a process and a mount namespace of its own, of which dockerd is the first process: when
 * that is killed, with the lab or by {@code lab --clean}, containerd, shims, containers and mounts
 * are gone too. What it writes to {@code /etc}, {@code /opt} and {@code /run} stays in there. Only
 * its empty cgroups outlive it: {@link #removeCgroups}.
 */
final class DockerHost {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
  private static final Path OPTIONS =
      Path.of("..", "packaging", "mk-docker-opts.sh").toAbsolutePath().normalize();

  /** $0 is the directory of this host: all else in /run is hidden. */
  private static final String DOCKERD =
      """
      mount --bind "$0" /mnt
      mount -t tmpfs tmpfs /run
      mkdir -p "$0"
      mount --move /mnt "$0"
      mount -t tmpfs tmpfs /opt
      rm -rf "$0/etc"
      cp -a /etc "$0/etc"
      rm -rf "$0/etc/docker"
      mount --bind "$0/etc" /etc
      . "$0/options"
      exec dockerd --host="unix://$0/docker.sock" --data-root="$0/data" --exec-root="$0/exec" \\
        --pidfile="$0/docker.pid" --cgroup-parent="/$1" --exec-opt=native.cgroupdriver=cgroupfs \\
        $DOCKER_NETWORK_OPTIONS
      """;

  private final Node node;
  private final RunDirectory run;
  private final String name;
  private final Path directory;
  private Optional<Child> daemon = Optional.empty();

  private DockerHost(Lab lab, Node node) {
    this.node = node;
    this.run = new RunDirectory(lab.directory());
    this.name = "docker" + node.number();
    this.directory = run.directory(name);
  }

  /** Starts dockerd and the container. The test is skipped if dockerd does not run here. */
  static DockerHost start(Lab lab, Node node) throws InterruptedException {
    DockerHost host = new DockerHost(lab, node);
    // docker0 is to take the place of the lab's bridge, and Docker is to switch forwarding on
    node.script("ip link del cni0; echo 0 >/proc/sys/net/ipv4/ip_forward");
    host.writeOptions();
    try {
      host.startDaemon();
    } catch (CommandException e) {
      Requirements.missing("dockerd does not run here: " + e.getMessage());
    }
    host.docker("import " + host.image() + " web");
    host.docker(
        "run --detach --name=web --restart=always --stop-signal=KILL web"
            + " /bin/busybox httpd -f -vv -p 80 -h /www");
    return host;
  }

  private void writeOptions() throws InterruptedException {
    String words =
        "sh %s -c -k DOCKER_NETWORK_OPTIONS -f %s -d %s/options"
            .formatted(OPTIONS, node.subnetFilePath(), directory);
    node.exec(words.split(" ", -1));
  }

  /** With the options that the script has made of the subnet file. */
  void startDaemon() throws InterruptedException {
    String[] own = "unshare --mount --pid --fork --kill-child --mount-proc".split(" ", -1);
    List<String> command =
        Commands.concat(
            List.of(own),
            List.of("sh", "-e", "-c", DOCKERD, directory.toString(), run.prefix() + "-" + name));
    Child started = Child.start(run, name, Commands.inNetwork(node.namespace(), command));
    daemon = Optional.of(started);
    Await.until(
        "process of " + name,
        PATIENCE,
        () -> {
          started.mustBeAlive();
          return inner().isPresent();
        });
    try {
      // its end is the end of all that is in its process namespace: removal is to wait for it
      Files.copy(Path.of("/proc", pid(), "stat"), run.pidFile(name + "-inner-" + pid()));
    } catch (IOException e) {
      throw new CommandException(name + " has ended: " + started.log(), e);
    }
    Await.until(
        "answer of " + name,
        PATIENCE,
        () -> {
          started.mustBeAlive();
          return answers();
        });
  }

  /** Ends dockerd, and so its container, as {@code systemctl stop docker} does. */
  void stopDaemon() throws InterruptedException {
    inner().orElseThrow().destroy();
    Child stopped = daemon.orElseThrow();
    Await.until("end of " + name, PATIENCE, () -> !stopped.alive());
  }

  private Optional<ProcessHandle> inner() {
    return ProcessHandle.of(daemon.orElseThrow().pid()).flatMap(p -> p.children().findFirst());
  }

  private String pid() {
    return Long.toString(inner().orElseThrow().pid());
  }

  /** The file the script wrote. */
  String options() {
    return read(directory.resolve("options"));
  }

  /** Runs {@code docker} with words separated by single blanks. */
  String docker(String words) throws InterruptedException {
    return Commands.exec(command(words));
  }

  private boolean answers() {
    try {
      return Commands.run(command("info"), "").passed();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }

  private List<String> command(String words) {
    String docker =
        "docker --config=%1$s/client --host=unix://%1$s/docker.sock %2$s"
            .formatted(directory, words);
    return List.of(docker.split(" ", -1));
  }

  /** The container's address. */
  String address() throws InterruptedException {
    return inspect("{{.NetworkSettings.Networks.bridge.IPAddress}}");
  }

  private String inspect(String format) throws InterruptedException {
    return docker("inspect --format=" + format + " web").strip();
  }

  /** What the container gets from a web server. */
  String get(String url) throws InterruptedException {
    // Debian 12's wget dies of its own -T
    return docker("exec web /bin/busybox timeout 5 /bin/busybox wget -q -O - " + url);
  }

  /** Runs a command of the machine in the container's network. */
  Commands.Result inContainer(String... command) throws InterruptedException {
    String network = inspect("{{.NetworkSettings.SandboxKey}}");
    return Commands.run(
        Commands.concat(
            List.of("nsenter", "--target=" + pid(), "--mount", "--", "nsenter", "--net=" + network),
            List.of(command)),
        "");
  }

  /** What the container serves. */
  String page() {
    return "from node " + node.number() + "\n";
  }

  /** A root directory of one program and one page. */
  private Path image() throws InterruptedException {
    Path root = run.directory(name + "/root");
    Path archive = directory.resolve("root.tar");
    Commands.script(
        """
        cd %s
        mkdir bin www
        cp "$(command -v busybox)" bin
        echo from node %d >www/index.html
        tar -cf %s .
        """
            .formatted(root, node.number(), archive));
    return archive;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes the cgroups of hosts whose lab is gone; they are empty directories. */
  static void removeCgroups() throws IOException {
    for (Path cgroup : cgroups()) {
      String lab = cgroup.getFileName().toString().replaceFirst("-docker\\d+$", "");
      if (!Files.exists(Path.of("/run/jflannel-lab", lab))) {
        try (Stream<Path> tree = Files.walk(cgroup)) {
          for (Path path : tree.filter(Files::isDirectory).sorted(reverseOrder()).toList()) {
            Files.delete(path);
          }
        }
      }
    }
  }

  /** Of all labs: below the one hierarchy of version 2, or below each of version 1. */
  static List<Path> cgroups() throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> hierarchies = Files.walk(CGROUPS, 1)) {
      for (Path hierarchy :
          hierarchies.filter(p -> Files.isDirectory(p, NOFOLLOW_LINKS)).toList()) {
        try (DirectoryStream<Path> ours = Files.newDirectoryStream(hierarchy, "jfl*-docker*")) {
          ours.forEach(found::add);
        }
      }
    }
    return found;
  }
}
