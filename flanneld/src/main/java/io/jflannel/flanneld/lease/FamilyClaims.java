// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is claimed in one family while leases are judged in the order of their precedence. */
final class FamilyClaims {

  private final LeaseFold.Rules rules;
  private final Family family;
  private final VtepMac own;
  private final TreeMap<Ip, Claim> subnets = new TreeMap<>();
  private final Map<MacAddress, Holder> macs = new HashMap<>();

  private record Claim(Cidr subnet, String holder) {}

  private record Holder(Ip publicIp, String key) {}

  /** Starts with our own subnet claimed. */
  FamilyClaims(LeaseFold.Rules rules, Family family) {
    this.rules = rules;
    this.family = family;
    this.own = VtepMac.of(rules.own(), family);
    rules
        .ownSubnets()
        .flatMap(lease -> lease.of(family))
        .map(Cidr::network)
        .ifPresent(subnet -> subnets.put(subnet.ip(), new Claim(subnet, "our own subnet")));
  }

  /** The lease's subnet of this family, now claimed; else nothing, and perhaps one reason more. */
  Optional<Cidr> claim(Candidate.Parsed lease, List<String> reasons) {
    Optional<Cidr> subnet = lease.subnets().of(family);
    if (subnet.isEmpty() || !rules.serves(family)) {
      return Optional.empty();
    }
    Optional<String> reason =
        badSubnet(subnet.get())
            .or(() -> badAddress(lease.attributes()))
            .or(() -> overlap(subnet.get()))
            .or(() -> badMac(lease));
    if (reason.isPresent()) {
      reasons.add(reason.get());
      return Optional.empty();
    }
    subnets.put(subnet.get().ip(), new Claim(subnet.get(), lease.name()));
    return subnet;
  }

  /** The subnet without host bits, if it lies strictly inside the network. */
  Optional<Cidr> ifInside(Cidr subnet) {
    return rules
        .config()
        .range(family)
        .filter(range -> range.network().contains(subnet))
        .filter(range -> range.network().length() < subnet.length())
        .map(range -> subnet.network());
  }

  private Optional<String> badSubnet(Cidr subnet) {
    Optional<Cidr> inside = ifInside(subnet);
    if (inside.isEmpty()) {
      return Optional.of(subnet + " is not inside the network");
    }
    return inside.get().equals(subnet) ? Optional.empty() : Optional.of(subnet + " has host bits");
  }

  private Optional<String> badAddress(LeaseAttributes attributes) {
    String name = family == Family.V4 ? "PublicIP" : "PublicIPv6";
    Optional<Ip> ip = attributes.publicIp(family);
    if (ip.isEmpty()) {
      return Optional.of("no " + name);
    }
    Ip address = ip.get();
    if (address.isUnspecified()
        || address.isLoopback()
        || address.isMulticast()
        || address.isBroadcast()) {
      return Optional.of(name + " " + address + " is no node's address");
    }
    return ip.equals(rules.own().publicIp(family))
        ? Optional.of(name + " " + address + " is our own")
        : Optional.empty();
  }

  /** Claimed subnets do not overlap, so only the neighbours in address order can. */
  private Optional<String> overlap(Cidr subnet) {
    return holder(subnets.floorEntry(subnet.ip()), subnet)
        .or(() -> holder(subnets.ceilingEntry(subnet.ip()), subnet))
        .map(holder -> subnet + " overlaps " + holder);
  }

  private static Optional<String> holder(Map.@Nullable Entry<Ip, Claim> neighbour, Cidr subnet) {
    return Optional.ofNullable(neighbour)
        .map(Map.Entry::getValue)
        .filter(claim -> claim.subnet().overlaps(subnet))
        .map(Claim::holder);
  }

  private Optional<String> badMac(Candidate.Parsed lease) {
    if (!rules.own().backendType().equals(VtepMac.VXLAN)) {
      return Optional.empty();
    }
    return switch (lease.vtep(family)) {
      case VtepMac.Absent _ -> Optional.empty();
      case VtepMac.Bad bad -> Optional.of(bad.reason());
      case VtepMac.Known known -> claim(known, lease);
    };
  }

  private Optional<String> claim(VtepMac.Known vtep, Candidate.Parsed lease) {
    if (vtep.equals(own)) {
      return Optional.of("VtepMAC " + vtep.mac() + " is our own");
    }
    Ip publicIp = lease.attributes().publicIp(family).orElseThrow();
    Holder first =
        macs.computeIfAbsent(vtep.mac(), unclaimed -> new Holder(publicIp, lease.name()));
    return first.publicIp().equals(publicIp)
        ? Optional.empty()
        : Optional.of("VtepMAC " + vtep.mac() + " is that of " + first.key());
  }
}
