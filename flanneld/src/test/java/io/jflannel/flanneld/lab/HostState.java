// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.CommandException;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What flannel and others keep in a host's kernel, as {@code ip} and {@code bridge} print it:
 * flannel's devices and addresses, all routes, permanent neighbours and FDB entries. Interface
 * numbers and what the kernel adds by itself (link-local) are left out.
 */
record HostState(List<String> lines) {

  private static final String PRINT =
      """
      ip -o -d link show type vxlan
      ip -o link show type tun | sed 's/qlen [0-9]*//' || true
      ip -o address show | grep ' flannel' || true
      ip -4 route show
      ip -6 route show
      ip neigh show nud permanent
      bridge fdb show | grep ' flannel' || true
      """;

  private static final Pattern NUMBER = Pattern.compile("^\\d+: ");

  static HostState of(Node node) {
    try {
      return new HostState(
          node.exec("sh", "-e", "-c", PRINT)
              .lines()
              .filter(line -> !line.contains("inet6 fe80:") && !line.startsWith("fe80:"))
              .map(line -> NUMBER.matcher(line).replaceFirst(""))
              .map(line -> line.replaceAll(" +", " ").strip())
              .sorted()
              .toList());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }

  /**
   * Waits until a host is in this state again.
   *
   * @return how long that took
   * @throws CommandException naming {@code drift} and what differs at the end of {@code limit}
   */
  Duration await(Node node, String drift, Duration limit) throws InterruptedException {
    long start = System.nanoTime();
    try {
      Await.until("repair of \"" + drift + "\"", limit, () -> of(node).equals(this));
    } catch (CommandException e) {
      throw new CommandException(e.getMessage() + "\n" + difference(of(node)), e);
    }
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /** Lines with a word. */
  List<String> with(String word) {
    return lines.stream().filter(line -> line.contains(word)).toList();
  }

  private String difference(HostState now) {
    var missing = new TreeSet<>(lines);
    now.lines.forEach(missing::remove);
    var surplus = new TreeSet<>(now.lines);
    lines.forEach(surplus::remove);
    return missing.stream().map(line -> "missing: " + line).collect(Collectors.joining("\n"))
        + "\n"
        + surplus.stream().map(line -> "surplus: " + line).collect(Collectors.joining("\n"));
  }
}
