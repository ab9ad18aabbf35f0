// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.json.JsonException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.Optional;

/** A key of the store, or a node, parsed but not judged yet. Parsed once per change of it. */
public sealed interface Candidate {

  /** The key's last segment, or the node's name. */
  String name();

  /**
   * Key and value can be read.
   *
   * @param vtepV4 the MAC of the node's VXLAN device, IPv4's; absent in leases of other backends
   * @param vtepV6 likewise, IPv6's
   */
  record Parsed(
      String name,
      Subnets subnets,
      LeaseAttributes attributes,
      VtepMac vtepV4,
      VtepMac vtepV6,
      long createRevision)
      implements Candidate {

    /** With what the attributes say of the VXLAN devices. */
    public static Parsed of(
        String name, Subnets subnets, LeaseAttributes attributes, long createRevision) {
      return new Parsed(
          name,
          subnets,
          attributes,
          VtepMac.of(attributes, Family.V4),
          VtepMac.of(attributes, Family.V6),
          createRevision);
    }

    /** The MAC of the node's VXLAN device of a family. */
    public VtepMac vtep(Family family) {
      return family == Family.V4 ? vtepV4 : vtepV6;
    }
  }

  /**
   * The key names subnets, the value is unusable, at least in one family.
   *
   * @param rest what can be read: the other family
   */
  record Unreadable(
      String name, Subnets subnets, Optional<Parsed> rest, String reason, long createRevision)
      implements Candidate {

    Unreadable(String name, Subnets subnets, String reason, long createRevision) {
      this(name, subnets, Optional.empty(), reason, createRevision);
    }

    /** The subnet of a family that cannot be read. */
    Optional<Cidr> lost(Family family) {
      return subnets
          .of(family)
          .filter(subnet -> rest.flatMap(parsed -> parsed.subnets().of(family)).isEmpty());
    }

    /** What is to be judged: what can be read, and for all else what was accepted before. */
    Optional<Parsed> completed(Optional<Lease> before) {
      if (rest.isEmpty()) {
        return before.map(
            last -> Parsed.of(name, last.subnets(), last.attributes(), createRevision));
      }
      Parsed readable = rest.get();
      Family family = readable.subnets().v4().isPresent() ? Family.V6 : Family.V4;
      return before
          .filter(last -> last.subnets().of(family).equals(lost(family)))
          .map(last ->
              Parsed.of(
                  name,
                  subnets,
                  readable.attributes().with(family, last.attributes()),
                  createRevision))
          .or(() -> rest);
    }
  }

  /** It names no subnet, for {@code reason}. */
  record Stray(String name, String reason) implements Candidate {}

  /**
   * Parses a key.
   *
   * @param problem why the store could not take the value over, if so
   * @param createRevision order of creation; smaller is older
   */
  static Candidate of(String name, String value, Optional<String> problem, long createRevision) {
    Optional<Subnets> subnets = SubnetKey.parse(name);
    if (subnets.isEmpty()) {
      return new Stray(name, "the key names no subnet");
    }
    if (problem.isPresent()) {
      return new Unreadable(name, subnets.get(), problem.get(), createRevision);
    }
    try {
      return Parsed.of(name, subnets.get(), LeaseText.read(value), createRevision);
    } catch (JsonException e) {
      return new Unreadable(name, subnets.get(), String.valueOf(e.getMessage()), createRevision);
    }
  }

  /** The subnets the key names, whatever its value. */
  default Optional<Subnets> blocks() {
    return switch (this) {
      case Parsed parsed -> Optional.of(parsed.subnets());
      case Unreadable unreadable -> Optional.of(unreadable.subnets());
      case Stray _ -> Optional.empty();
    };
  }
}
