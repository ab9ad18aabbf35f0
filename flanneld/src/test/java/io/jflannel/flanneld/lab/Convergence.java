// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.json.Json;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Predicate;

/** Waiting until daemons say that they are done, and what they say. */
final class Convergence {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Convergence() {}

  /** Until each node's running daemon is ready and has programmed all other nodes. */
  static void await(Lab lab) throws InterruptedException {
    for (Node node : lab.nodes()) {
      await(node, lab.nodes().size() - 1);
    }
  }

  /** Until the node's running daemon is ready and has programmed so many peers. */
  static void await(Node node, int peers) throws InterruptedException {
    try {
      Await.until(
          "node " + node.number() + " with " + peers + " peers",
          PATIENCE,
          () -> status(node, status -> status.ready() && programmed(status, peers)));
    } catch (CommandException e) {
      throw new CommandException(
          e.getMessage()
              + "\n"
              + node.status().map(s -> s.document().text()).orElse("no status")
              + "\n"
              + node.daemonLog(),
          e);
    }
  }

  private static boolean programmed(NodeStatus status, int peers) {
    return status.peers() == peers && status.programmed() == peers;
  }

  /** Whether the daemon that runs now, not an earlier one, has written such a status. */
  static boolean status(Node node, Predicate<NodeStatus> condition) {
    String pid = Long.toString(node.daemonPid());
    return node.status()
        .filter(status -> at(status.document(), "pid").equals(Optional.of(new Json.Num(pid))))
        .filter(condition)
        .isPresent();
  }

  /** A member of a member of …, if there is one. */
  static Optional<Json> at(Json json, String... path) {
    Optional<Json> found = Optional.of(json);
    for (String name : path) {
      found =
          found.flatMap(j -> j instanceof Json.Obj object ? object.member(name) : Optional.empty());
    }
    return found;
  }
}
