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
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

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
    try {
      LeaseAttributes attributes = attributes(node);
      demandData(subnets.get(), attributes);
      return Optional.of(Candidate.Parsed.of(name, subnets.get(), attributes, node.created()));
    } catch (JsonException e) {
      return Optional.of(
          new Candidate.Unreadable(
              name, subnets.get(), String.valueOf(e.getMessage()), node.created()));
    }
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
    return first.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Subnets(
                Optional.ofNullable(first.get(Family.V4)),
                Optional.ofNullable(first.get(Family.V6))));
  }

  /**
   * What the node publishes.
   *
   * @throws JsonException naming the annotation that cannot be read
   */
  LeaseAttributes attributes(NodeFacts node) {
    return new LeaseAttributes(
        address(node, Family.V4),
        address(node, Family.V6),
        node.annotation(Annotation.TYPE).orElse(""),
        data(node, Family.V4),
        data(node, Family.V6));
  }

  private Optional<Ip> address(NodeFacts node, Family family) {
    Annotation annotation = Annotation.ip(family);
    Optional<String> text = config.enabled(family) ? node.annotation(annotation) : Optional.empty();
    return text.map(t -> address(annotation, t, family)).filter(ip -> !ip.isUnspecified());
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

  /** A peer that had data and lost it keeps what the kernel has, as upstream does. */
  private void demandData(Subnets subnets, LeaseAttributes attributes) {
    if (!attributes.backendType().equals(VtepMac.VXLAN)) {
      return;
    }
    for (Family family : Family.values()) {
      if (subnets.of(family).isPresent()
          && attributes.publicIp(family).isPresent()
          && attributes.backendData(family).isEmpty()) {
        throw new JsonException(
            "annotation %s is missing".formatted(keys.name(Annotation.data(family))));
      }
    }
    if (attributes.publicIp().isEmpty() && attributes.publicIpv6().isEmpty()) {
      throw new JsonException("annotation %s is missing".formatted(keys.name(Annotation.IP)));
    }
  }
}
