// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.json.Json;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Reads the nodes of etcd's v2 answers. */
final class Nodes {

  private Nodes() {}

  static Optional<Json.Obj> object(Json.Obj parent, String name) {
    return parent.member(name).filter(Json.Obj.class::isInstance).map(Json.Obj.class::cast);
  }

  static List<Json.Obj> children(Json.Obj node) {
    return node
        .member("nodes")
        .filter(Json.Arr.class::isInstance)
        .map(Json.Arr.class::cast)
        .map(Json.Arr::items)
        .orElse(List.of())
        .stream()
        .filter(Json.Obj.class::isInstance)
        .map(Json.Obj.class::cast)
        .toList();
  }

  /** Empty text if it is absent or no string. */
  static String text(Json.Obj object, String name) {
    return object.member(name).map(json -> json instanceof Json.Str s ? s.value() : "").orElse("");
  }

  /** 0 if it is absent or no whole number. */
  static long number(Json.Obj object, String name) {
    try {
      return object
          .member(name)
          .map(json -> json instanceof Json.Num n ? Long.parseLong(n.literal()) : 0L)
          .orElse(0L);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  static boolean directory(Json.Obj node) {
    return node.member("dir").filter(new Json.Bool(true)::equals).isPresent();
  }

  static Entry entry(String name, Json.Obj node) {
    String value = text(node, "value");
    int size =
        value.length() > Registry.LARGEST_VALUE ? value.length() : value.getBytes(UTF_8).length;
    Optional<String> problem =
        size > Registry.LARGEST_VALUE
            ? Optional.of(
                "the value has %d bytes, more than %d".formatted(size, Registry.LARGEST_VALUE))
            : Optional.empty();
    boolean expires = node.member("expiration").isPresent() || node.member("ttl").isPresent();
    return new Entry(
        name,
        problem.isEmpty() ? value : "",
        problem,
        number(node, "createdIndex"),
        number(node, "modifiedIndex"),
        0,
        !expires,
        expires
            ? Optional.of(Duration.ofSeconds(Math.max(0, number(node, "ttl"))))
            : Optional.empty());
  }
}
