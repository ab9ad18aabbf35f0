// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.Optional;

/**
 * One object in the kernel, wanted or found. Devices are named, not numbered: an index changes when
 * a device is re-created.
 *
 * <p>{@link #key()} is what the kernel keys by: two resources with equal keys cannot stand side by
 * side.
 */
public sealed interface Resource {

  Key key();

  /** The stage of a pass that handles it. */
  default Stage stage() {
    return switch (this) {
      case VxlanDevice d -> Stage.DEVICES;
      case OtherDevice d -> Stage.DEVICES;
      case DeviceAddress a -> Stage.DEVICES;
      case DeviceSysctl s -> Stage.DEVICES;
      case Nexthop n -> Stage.ENTRIES;
      case FdbEntry f -> Stage.ENTRIES;
      case Neighbour n -> Stage.ENTRIES;
      case Route r -> Stage.ENTRIES;
    };
  }

  /** A pass first settles the devices, then what lives on them; each stage has its own read. */
  enum Stage {
    DEVICES,
    ENTRIES
  }

  /**
   * A VXLAN device (spec backends.md 3.2). Wanted devices are up.
   *
   * @param port UDP port; 0 wanted: not sent, the kernel's default 8472, and any port of an
   *     existing device is accepted
   * @param parent name of the underlay interface; absent on a found device without one
   * @param local source address of the tunnel; absent on a found device without one
   * @param mtu in bytes
   * @param compatible on a found device: whether it can become the wanted one by changes in place
   *     (kind, VNI, GBP, l2miss, group, external mode); always true on a wanted one
   */
  record VxlanDevice(
      String name,
      int vni,
      int port,
      Optional<String> parent,
      Optional<Ip> local,
      MacAddress mac,
      int mtu,
      boolean learning,
      boolean gbp,
      boolean up,
      boolean compatible)
      implements Resource {
    @Override
    public Key key() {
      return new Key.Device(name);
    }
  }

  /**
   * A device of another kind that stands where ours should, or that a former configuration of ours
   * has left. Never wanted.
   */
  record OtherDevice(String name, String kind) implements Resource {
    @Override
    public Key key() {
      return new Key.Device(name);
    }
  }

  /** An address on one of our devices. */
  record DeviceAddress(String device, Cidr cidr) implements Resource {
    @Override
    public Key key() {
      return new Key.Address(device, cidr);
    }
  }

  /**
   * A setting of one of our devices.
   *
   * @param path below /proc/sys, such as {@code net/ipv6/conf/flannel.1/accept_ra}
   */
  record DeviceSysctl(String device, String path, String value) implements Resource {
    @Override
    public Key key() {
      return new Key.Sysctl(path);
    }
  }

  /** An IPv4 nexthop object, on-link or not; the kernel chooses its id. */
  record Nexthop(String device, Ip gateway, boolean onlink) implements Resource {
    @Override
    public Key key() {
      return new Key.NexthopObject(device, gateway);
    }
  }

  /**
   * A forwarding entry of a VXLAN device: frames to {@code mac} go to {@code remote}. Permanent,
   * NTF_SELF.
   */
  record FdbEntry(String device, MacAddress mac, Ip remote) implements Resource {
    @Override
    public Key key() {
      return new Key.Fdb(device, mac);
    }
  }

  /** A permanent neighbour entry. */
  record Neighbour(String device, Ip ip, MacAddress mac) implements Resource {
    @Override
    public Key key() {
      return new Key.NeighbourEntry(device, ip);
    }
  }

  /**
   * A route of the main table with protocol boot, tos 0 and the family's default metric (0, or 1024
   * for IPv6).
   *
   * @param via how packets leave
   */
  record Route(Cidr destination, Via via) implements Resource {
    @Override
    public Key key() {
      return new Key.RouteTo(destination);
    }
  }

  /** How a route forwards. */
  sealed interface Via {
    /**
     * Through a gateway on a device; {@code onlink} for tunnels, whose gateways no route covers.
     */
    record Gateway(String device, Ip gateway, boolean onlink) implements Via {}

    /**
     * The same through a {@link Nexthop} object: IPv4 only, linear in the kernel where plain routes
     * are quadratic.
     */
    record ViaNexthop(String device, Ip gateway, boolean onlink) implements Via {}

    /** Packets are dropped (--ip-blackhole-route). */
    record Blackhole() implements Via {}

    /**
     * Found only: a route of a shape that is never ours (multipath, no gateway, …) where ours
     * should stand.
     */
    record Foreign(String description) implements Via {}
  }

  /** What the kernel keys by. */
  sealed interface Key {
    record Device(String name) implements Key {}

    record Address(String device, Cidr cidr) implements Key {}

    record Sysctl(String path) implements Key {}

    record NexthopObject(String device, Ip gateway) implements Key {}

    record Fdb(String device, MacAddress mac) implements Key {}

    record NeighbourEntry(String device, Ip ip) implements Key {}

    record RouteTo(Cidr destination) implements Key {}
  }
}
