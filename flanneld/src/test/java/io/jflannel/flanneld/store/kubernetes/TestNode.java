// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A Node for tests. */
final class TestNode {

  private final String name;
  private List<String> cidrs = List.of();
  private final Map<Annotation, String> annotations = new EnumMap<>(Annotation.class);
  private Optional<NodeFacts.Condition> condition = Optional.empty();
  private long version = 1;

  TestNode(String name) {
    this.name = name;
  }

  TestNode cidrs(String... texts) {
    return cidrs(List.of(texts));
  }

  TestNode cidrs(List<String> texts) {
    cidrs = texts;
    return this;
  }

  TestNode with(Annotation annotation, String text) {
    annotations.put(annotation, text);
    return this;
  }

  TestNode without(Annotation annotation) {
    annotations.remove(annotation);
    return this;
  }

  TestNode condition(String status, String lastTransition) {
    condition = Optional.of(new NodeFacts.Condition(status, "FlannelIsUp", lastTransition));
    return this;
  }

  TestNode version(long newer) {
    version = newer;
    return this;
  }

  NodeFacts facts() {
    return new NodeFacts(name, "uid-" + name, version, 1, cidrs, annotations, condition);
  }
}
