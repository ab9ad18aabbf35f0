// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.json.Json;
import io.jflannel.flanneld.json.JsonException;
import java.util.List;
import java.util.Optional;

/**
 * What the lab shows of a node's status file.
 *
 * @param leaseLeft until the own lease expires, as the daemon writes it; empty if it has none
 * @param wanted number of peers in the daemon's view
 * @param programmed number of those whose forwarding state is in the kernel
 */
public record NodeStatus(String leaseLeft, int wanted, int programmed) {

  static NodeStatus parse(String text) {
    Json status = Json.parse(text);
    List<Json> peers =
        at(status, "peers")
            .map(p -> p instanceof Json.Arr a ? a.items() : List.<Json>of())
            .orElse(List.of());
    int programmed =
        (int)
            peers.stream()
                .filter(p -> at(p, "programmed").filter(new Json.Bool(true)::equals).isPresent())
                .count();
    String left =
        at(status, "lease")
            .flatMap(lease -> at(lease, "expires"))
            .map(e -> e instanceof Json.Str s ? s.value() : "")
            .orElse("");
    return new NodeStatus(left, peers.size(), programmed);
  }

  private static Optional<Json> at(Json json, String member) {
    return switch (json) {
      case Json.Obj object -> object.member(member);
      case Json.Arr a -> throw new JsonException("an array where an object was expected");
      case Json.Str s -> throw new JsonException("a string where an object was expected");
      case Json.Num n -> throw new JsonException("a number where an object was expected");
      case Json.Bool b -> throw new JsonException("a boolean where an object was expected");
      case Json.Null n -> Optional.empty();
    };
  }
}
