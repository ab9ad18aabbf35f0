// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.RunDirectory;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The kernel's own account of what changes in a host's namespace: links, addresses, routes,
 * nexthops, permanent neighbours and FDB entries, settings of devices; from {@code ip monitor}. The
 * kernel does not tell of a write that changes nothing.
 *
 * <p>A foreign blackhole route (RFC 5737 destination) marks how far it has told: what comes before
 * the mark is complete.
 */
final class KernelMonitor {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /**
   * Traffic itself makes and forgets neighbours that are not permanent, and the containers' bridge
   * tells of its ports now and then.
   */
  private static final Predicate<String> NOBODYS =
      Pattern.compile("^\\[NEIGH](?!.*PERMANENT)|^\\[LINK].* master cni0 ").asPredicate();

  private final Node node;
  private final Child monitor;
  private int marks;

  private KernelMonitor(Node node, Child monitor) {
    this.node = node;
    this.monitor = monitor;
  }

  /** Listens from now on. */
  static KernelMonitor start(Lab lab, Node node) throws InterruptedException {
    Child monitor =
        Child.start(
            new RunDirectory(lab.directory()),
            "monitor-" + node.number(),
            Commands.inNetwork(node.namespace(), List.of("ip", "-o", "monitor", "label", "all")));
    var started = new KernelMonitor(node, monitor);
    started.mark();
    return started;
  }

  /** What has changed since the last call, or since the start. */
  List<String> changes() throws InterruptedException {
    String from = destination();
    String to = mark();
    List<String> lines = monitor.log().lines().toList();
    return lines.subList(last(lines, from) + 1, first(lines, to)).stream()
        .filter(NOBODYS.negate())
        .toList();
  }

  /** Again and again until it is told, for at first nobody may listen yet. */
  private String mark() throws InterruptedException {
    marks++;
    String mark = destination();
    Await.until(
        "account of the kernel's changes",
        PATIENCE,
        () -> {
          monitor.mustBeAlive();
          set(mark);
          return monitor.log().contains(mark);
        });
    return mark;
  }

  private void set(String mark) {
    try {
      node.script(
          """
          ip route del %1$s 2>/dev/null || true
          ip route add blackhole %1$s proto static
          """
              .formatted(mark.strip()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }

  private String destination() {
    return " 203.0.113." + marks + " ";
  }

  private static int first(List<String> lines, String text) {
    return IntStream.range(0, lines.size())
        .filter(i -> lines.get(i).contains(text))
        .findFirst()
        .orElseThrow();
  }

  private static int last(List<String> lines, String text) {
    return IntStream.range(0, lines.size())
        .filter(i -> lines.get(i).contains(text))
        .max()
        .orElseThrow();
  }
}
