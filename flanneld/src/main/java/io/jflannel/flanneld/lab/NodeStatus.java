// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the lab shows of a node's status file.
 *
 * @param pid of the daemon that wrote it; 0 if it does not say
 * @param ready as {@code /readyz} says
 * @param expires when the own lease expires; empty if there is none, or one without end
 * @param peers number of peers in the daemon's view: so many are wanted
 * @param programmed number of those whose forwarding state is in the kernel
 * @param document all of it
 */
public record NodeStatus(
    long pid, boolean ready, Optional<Instant> expires, int peers, int programmed, Json document) {

  /**
   * Reads a status document.
   *
   * @throws JsonException if it is none
   */
  static NodeStatus parse(String text) {
    Json status = Json.parse(text);
    List<Json> peers = new ArrayList<>();
    if (at(status, "peers").orElse(new Json.Null()) instanceof Json.Arr array) {
      peers.addAll(array.items());
    }
    return new NodeStatus(
        at(status, "pid")
            .map(p -> p instanceof Json.Num n ? Long.parseLong(n.literal()) : 0)
            .orElse(0L),
        isTrue(status, "ready"),
        at(status, "lease").flatMap(lease -> at(lease, "expires")).map(NodeStatus::instant),
        peers.size(),
        (int) peers.stream().filter(peer -> isTrue(peer, "programmed")).count(),
        status);
  }

  /** Until the lease expires, as in {@code 23h59m}; a dash if it does not. */
  String leaseLeft(Instant now) {
    return expires
        .map(end -> Duration.between(now, end))
        .map(left ->
            left.isNegative() ? "expired" : left.toHours() + "h" + left.toMinutesPart() + "m")
        .orElse("-");
  }

  private static Instant instant(Json json) {
    try {
      return Instant.parse(json instanceof Json.Str text ? text.value() : "");
    } catch (DateTimeException e) {
      throw new JsonException("no time: " + json.text());
    }
  }

  private static boolean isTrue(Json json, String member) {
    return at(json, member).filter(new Json.Bool(true)::equals).isPresent();
  }

  private static Optional<Json> at(Json json, String member) {
    return json instanceof Json.Obj object ? object.member(member) : Optional.empty();
  }
}
