// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.lease.VtepMac;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** What nodes say as leases (KUB-6). Pure. */
final class NodeLeases {

  private final NetworkConfig config;
  private final AnnotationKeys keys;

  NodeLeases(NetworkConfig config, AnnotationKeys keys) {
    this.config = config;
    this.keys = keys;
  }

  /** The lease of a node, to be judged; empty if the node takes no part (ODD-27). */
  Optional<Candidate> candidate(NodeFacts node) {
    if (!node.isManaged()) {
      return Optional.empty();
    }
    String name = node.name();
    Optional<Subnets> subnets;
    try {
      subnets = subnets(node);
    } catch (IllegalArgumentException e) {
      return Optional.of(new Candidate.Stray(name, "pod CIDR: " + e.getMessage()));
    }
    if (subnets.isEmpty()) {
      return Optional.of(
          new Candidate.Stray(name, "the node has no pod CIDR of a family that this network has"));
    }
    return Optional.of(lease(node, subnets.get()));
  }

  /** Each family for itself (B40). */
  private Candidate lease(NodeFacts node, Subnets subnets) {
    List<String> problems = new ArrayList<>(0);
    Map<Family, Cidr> good = new EnumMap<>(Family.class);
    Map<Family, Half> halves = new EnumMap<>(Family.class);
    for (Family family : Family.values()) {
      Half half = half(node, family);
      Optional<Cidr> subnet = subnets.of(family);
      Optional<String> problem =
          subnet.flatMap(needed -> half.problem().or(() -> missing(node, family, half)));
      if (problem.isPresent()) {
        problems.add(problem.get());
      } else {
        halves.put(family, half);
        subnet.ifPresent(readable -> good.put(family, readable));
      }
    }
    Optional<Candidate.Parsed> readable =
        subnets(good)
            .map(served ->
                Candidate.Parsed.of(node.name(), served, attributes(node, halves), node.created()));
    return problems.isEmpty()
        ? readable.orElseThrow()
        : new Candidate.Unreadable(
            node.name(), subnets, readable, String.join("; ", problems), node.created());
  }

  /**
   * The first pod CIDR of each family that the network has (ODD-54), host bits dropped.
   *
   * @throws IllegalArgumentException if one is none
   */
  Optional<Subnets> subnets(NodeFacts node) {
    Map<Family, Cidr> first = new EnumMap<>(Family.class);
    for (String text : node.podCidrs()) {
      Cidr cidr = Cidr.parse(text);
      if (config.enabled(cidr.family())) {
        first.putIfAbsent(cidr.family(), cidr.network());
      }
    }
    return subnets(first);
  }

  private static Optional<Subnets> subnets(Map<Family, Cidr> cidrs) {
    return cidrs.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Subnets(
                Optional.ofNullable(cidrs.get(Family.V4)),
                Optional.ofNullable(cidrs.get(Family.V6))));
  }

  /** What of that which the node publishes can be read. */
  LeaseAttributes attributes(NodeFacts node) {
    return attributes(
        node, Map.of(Family.V4, half(node, Family.V4), Family.V6, half(node, Family.V6)));
  }

  private static LeaseAttributes attributes(NodeFacts node, Map<Family, Half> halves) {
    Half v4 = halves.getOrDefault(Family.V4, Half.NOTHING);
    Half v6 = halves.getOrDefault(Family.V6, Half.NOTHING);
    return new LeaseAttributes(
        v4.ip(), v6.ip(), node.annotation(Annotation.TYPE).orElse(""), v4.data(), v6.data());
  }

  /**
   * What a node says of a family.
   *
   * @param problem names the annotation that cannot be read
   */
  private record Half(Optional<Ip> ip, Optional<Json> data, Optional<String> problem) {
    static final Half NOTHING = new Half(Optional.empty(), Optional.empty(), Optional.empty());
  }

  private Half half(NodeFacts node, Family family) {
    if (!config.enabled(family)) {
      return Half.NOTHING;
    }
    List<String> problems = new ArrayList<>(0);
    Optional<Ip> ip = read(() -> address(node, family), problems);
    Optional<Json> data = read(() -> data(node, family), problems);
    return new Half(ip, data, problems.stream().findFirst());
  }

  private static <T> Optional<T> read(Supplier<Optional<T>> reading, List<String> problems) {
    try {
      return reading.get();
    } catch (JsonException e) {
      problems.add(String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private Optional<Ip> address(NodeFacts node, Family family) {
    Annotation annotation = Annotation.ip(family);
    return node.annotation(annotation)
        .map(text -> address(annotation, text, family))
        .filter(ip -> !ip.isUnspecified());
  }

  /**
   * The address an annotation holds.
   *
   * @throws JsonException naming the annotation if it holds none of that family
   */
  Ip address(Annotation annotation, String text, Family family) {
    try {
      Ip ip = Ip.parse(text);
      if (ip.family() == family) {
        return ip;
      }
    } catch (IllegalArgumentException e) {
      throw bad(annotation, text, "is no address");
    }
    throw bad(annotation, text, "is no " + family + " address");
  }

  private JsonException bad(Annotation annotation, String text, String what) {
    String shown = text.length() > 40 ? text.substring(0, 40) + "..." : text;
    return new JsonException(
        "annotation %s \"%s\" %s".formatted(keys.name(annotation), shown, what));
  }

  private Optional<Json> data(NodeFacts node, Family family) {
    Annotation annotation = Annotation.data(family);
    Optional<String> text =
        node.annotation(annotation).filter(t -> !t.isEmpty() && !t.equals("null"));
    return text.map(t -> {
      if (t.length() > NodeFacts.LONGEST) {
        throw bad(annotation, t, "is longer than " + NodeFacts.LONGEST + " characters");
      }
      try {
        return Json.parse(t);
      } catch (JsonException e) {
        throw bad(annotation, t, "is " + e.getMessage());
      }
    });
  }

  /** A peer that had it and lost it keeps what the kernel has, as upstream does. */
  private Optional<String> missing(NodeFacts node, Family family, Half half) {
    if (!node.annotation(Annotation.TYPE).equals(Optional.of(VtepMac.VXLAN))) {
      return Optional.empty();
    }
    Optional<Annotation> missing =
        half.ip().isEmpty()
            ? Optional.of(Annotation.ip(family))
            : Optional.of(Annotation.data(family)).filter(data -> half.data().isEmpty());
    return missing.map(annotation -> "annotation %s is missing".formatted(keys.name(annotation)));
  }
}
