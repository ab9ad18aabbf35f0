// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Fifty pings a second from one container to another, every answer accounted for. */
final class Traffic {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Pattern ANSWER = Pattern.compile("icmp_seq=(\\d+) .*time=");

  private final String name;
  private final Child ping;

  private Traffic(String name, Child ping) {
    this.name = name;
    this.ping = ping;
  }

  /** Waits for a first answer, then starts counting. */
  static Traffic start(Node from, Node to, Family family) throws InterruptedException {
    String target = to.containerAddress(family).toString();
    String name = "%s from node %d to node %d".formatted(family, from.number(), to.number());
    Await.until("way for " + name, PATIENCE, () -> answers(from, target));
    Child ping =
        from.beside(
            "ping-%s-%d-%d".formatted(family, from.number(), to.number()),
            "ping",
            "-n",
            "-i",
            "0.02",
            target);
    return new Traffic(name, ping);
  }

  private static boolean answers(Node from, String target) {
    List<String> once = List.of("ping", "-n", "-c", "1", "-W", "1", target);
    try {
      return Commands.run(Commands.inNetwork(from.containerNamespace(), once), "").passed();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }

  /** Waits for ten more answers than there were. */
  void awaitMore() throws InterruptedException {
    int before = answered().size();
    Await.until(
        "further answers to " + name,
        PATIENCE,
        () -> {
          ping.mustBeAlive();
          return answered().size() >= before + 10;
        });
  }

  /** Numbers of the packets that got no answer although later ones did; with a name for people. */
  List<String> lost() {
    Set<Integer> answered = answered();
    int last = answered.stream().mapToInt(n -> n).max().orElseThrow();
    return IntStream.rangeClosed(1, last)
        .filter(n -> !answered.contains(n))
        .mapToObj(n -> name + ": packet " + n + " of " + last)
        .toList();
  }

  private Set<Integer> answered() {
    return ANSWER
        .matcher(ping.log())
        .results()
        .map(match -> Integer.valueOf(match.group(1)))
        .collect(Collectors.toSet());
  }
}
