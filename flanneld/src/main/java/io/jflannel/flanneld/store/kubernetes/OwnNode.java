// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnAttributes;
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
import java.util.SortedMap;
import java.util.TreeMap;

/** What this node's object should say, given what it says (8.6). Pure. */
final class OwnNode {

  private final NetworkConfig config;
  private final AnnotationKeys keys;
  private final NodeLeases leases;

  OwnNode(NetworkConfig config, AnnotationKeys keys) {
    this.config = config;
    this.keys = keys;
    this.leases = new NodeLeases(config, keys);
  }

  /** What is to be done about the own node. */
  sealed interface Verdict {

    /** There can be no lease yet, and nothing may be published (ODD-53, ODD-68, ODD-69). */
    record Wait(String reason) implements Verdict {}

    /**
     * The lease, which holds as soon as the annotations say it.
     *
     * @param changes annotations to set, by name; empty if all are as they should be (ODD-71)
     */
    record Publish(Lease lease, SortedMap<String, String> changes) implements Verdict {}
  }

  Verdict judge(NodeFacts node, OwnAttributes wanted) {
    try {
      Optional<Subnets> subnets = leases.subnets(node);
      Optional<String> missing = missing(node, subnets);
      return missing.isPresent()
          ? new Verdict.Wait(missing.get())
          : publish(
              node, subnets.orElseThrow(), wanted.given(Optional.of(leases.attributes(node))));
    } catch (JsonException e) { // ODD-69
      return new Verdict.Wait(
          "node %s: %s: correct or remove it".formatted(node.name(), e.getMessage()));
    } catch (IllegalArgumentException e) {
      return new Verdict.Wait("node %s: pod CIDR: %s".formatted(node.name(), e.getMessage()));
    }
  }

  private Optional<String> missing(NodeFacts node, Optional<Subnets> subnets) {
    for (Family family : Family.values()) {
      Optional<NetworkConfig.AddressRange> range = config.range(family);
      if (range.isEmpty()) {
        continue;
      }
      Optional<Cidr> subnet = subnets.flatMap(found -> found.of(family));
      if (subnet.isEmpty()) {
        return Optional.of(
            ("node %s has no %s pod CIDR (spec.podCIDRs is %s): waiting for the controller manager"
                    + " to assign one (--allocate-node-cidrs, --cluster-cidr)")
                .formatted(node.name(), family, node.podCidrs()));
      }
      Cidr network = range.get().network();
      if (!network.contains(subnet.get())) {
        return Optional.of(
            "pod CIDR %s of node %s is not inside %s %s of the network configuration"
                .formatted(
                    subnet.get(),
                    node.name(),
                    family == Family.V4 ? "Network" : "IPv6Network",
                    network));
      }
    }
    return Optional.empty();
  }

  private Verdict publish(NodeFacts node, Subnets subnets, LeaseAttributes attributes) {
    Map<Annotation, String> wanted = new EnumMap<>(Annotation.class);
    wanted.put(Annotation.TYPE, attributes.backendType());
    wanted.put(Annotation.MANAGED, "true");
    for (Family family : Family.values()) {
      if (speaksOf(family, attributes)) {
        wanted.put(
            Annotation.data(family), attributes.backendData(family).map(Json::text).orElse("null"));
        wanted.put(Annotation.ip(family), address(node, family, attributes));
      }
    }
    SortedMap<String, String> changes = new TreeMap<>();
    wanted.forEach((annotation, text) -> {
      if (!node.annotation(annotation).equals(Optional.of(text))) {
        changes.put(keys.name(annotation), text);
      }
    });
    return new Verdict.Publish(new Lease(subnets, attributes), changes);
  }

  /** The table of step 5. */
  private static boolean speaksOf(Family family, LeaseAttributes attributes) {
    boolean data = attributes.backendData(family).isPresent();
    if (attributes.backendType().equals(VtepMac.VXLAN)) {
      return data;
    }
    return family == Family.V4 || attributes.publicIpv6().isPresent();
  }

  private String address(NodeFacts node, Family family, LeaseAttributes attributes) {
    Annotation overwrite = Annotation.overwrite(family);
    Optional<Ip> prescribed =
        node.annotation(overwrite)
            .filter(text -> !text.isEmpty())
            .map(text -> leases.address(overwrite, text, family));
    return prescribed.or(() -> attributes.publicIp(family)).orElse(Ip.V4_ZERO).toString();
  }
}
