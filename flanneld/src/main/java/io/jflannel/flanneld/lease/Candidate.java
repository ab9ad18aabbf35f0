// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.json.JsonException;
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

  /** The key names subnets, the value is unusable. */
  record Unreadable(String name, Subnets subnets, String reason, long createRevision)
      implements Candidate {}

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
