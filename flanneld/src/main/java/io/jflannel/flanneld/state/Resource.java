// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
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

  /**
   * Whether {@code found}, which stands under the same key, is as good as this wanted one. What the
   * key says need not be compared again.
   */
  default boolean satisfiedBy(Resource found) {
    return equals(found);
  }

  /** The stage of a pass that handles it. */
  Stage stage();

  /** A pass first settles the devices, then what lives on them; each stage has its own read. */
  enum Stage {
    DEVICES,
    ENTRIES
  }

  /** A link that we make. */
  sealed interface Device extends Resource {
    String name();

    boolean up();

    Device withUp(boolean newUp);

    /**
     * Whether a found device can become this one by changes in place; else it is replaced by a new
     * one.
     */
    boolean reachableFrom(Resource found);

    @Override
    default Key key() {
      return new Key.Device(name());
    }

    @Override
    default Stage stage() {
      return Stage.DEVICES;
    }
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
   *     as far as nothing else here says so (l2miss, external mode); always true on a wanted one
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
      implements Device {

    /** Any port serves if none is asked for, and a device without a parent is taken as it is. */
    @Override
    public boolean satisfiedBy(Resource found) {
      return found instanceof VxlanDevice device
          && reachableFrom(device)
          && local.equals(device.local)
          && mac.equals(device.mac)
          && mtu == device.mtu
          && learning == device.learning
          && up == device.up;
    }

    /**
     * Upstream's rule (backends.md 3.2 and G1.1), but another local address of the same family is a
     * change in place.
     */
    @Override
    public boolean reachableFrom(Resource other) {
      return other instanceof VxlanDevice found
          && found.compatible
          && name.equals(found.name)
          && vni == found.vni
          && gbp == found.gbp
          && (port == 0 || port == found.port)
          && (found.parent.isEmpty() || found.parent.equals(parent))
          && local.map(Ip::family).orElse(Family.V4)
              == found.local.map(Ip::family).orElse(Family.V4);
    }

    @Override
    public VxlanDevice withUp(boolean newUp) {
      return new VxlanDevice(
          name, vni, port, parent, local, mac, mtu, learning, gbp, newUp, compatible);
    }
  }

  /**
   * A TUN device with our tunnel behind it (backends.md 6.2); found only while that runs.
   *
   * @param local where the tunnel receives and sends datagrams
   * @param port UDP port of all hosts
   * @param subnet the own one, whose first address is the device's
   * @param mtu in bytes
   */
  record TunDevice(String name, Ip local, int port, Cidr subnet, int mtu, boolean up)
      implements Device {

    @Override
    public boolean reachableFrom(Resource other) {
      return other instanceof TunDevice found && name.equals(found.name);
    }

    @Override
    public TunDevice withUp(boolean newUp) {
      return new TunDevice(name, local, port, subnet, mtu, newUp);
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

    @Override
    public Stage stage() {
      return Stage.DEVICES;
    }
  }

  /** An address on one of our devices. */
  record DeviceAddress(String device, Cidr cidr) implements Resource {
    @Override
    public Key key() {
      return new Key.Address(device, cidr);
    }

    @Override
    public Stage stage() {
      return Stage.DEVICES;
    }
  }

  /**
   * A setting of one of our devices.
   *
   * @param path below /proc/sys, such as {@code net/ipv6/conf/flannel.1/accept_ra}
   * @param value found as {@link #MISSING} if there is no such setting that may be written: IPv6 is
   *     switched off, or /proc/sys read-only, as containers have it
   */
  record DeviceSysctl(String device, String path, String value) implements Resource {

    /** No such setting here: nothing to set, nothing to complain about. */
    public static final String MISSING = "";

    /** Routers on the overlay must not configure the host (backends.md 3.2). */
    public static DeviceSysctl acceptRa(String device, String value) {
      return new DeviceSysctl(device, "net/ipv6/conf/" + device + "/accept_ra", value);
    }

    /** The TUN's own address is the source of ICMP errors that come out of it (backends.md 6.6). */
    public static DeviceSysctl acceptLocal(String device, String value) {
      return new DeviceSysctl(device, "net/ipv4/conf/" + device + "/accept_local", value);
    }

    @Override
    public boolean satisfiedBy(Resource found) {
      return found instanceof DeviceSysctl(var _, var _, var there)
          && (there.equals(value) || there.equals(MISSING));
    }

    @Override
    public Key key() {
      return new Key.Sysctl(path);
    }

    @Override
    public Stage stage() {
      return Stage.DEVICES;
    }
  }

  /** An IPv4 nexthop object, on-link or not; the kernel chooses its id. */
  record Nexthop(String device, Ip gateway, boolean onlink) implements Resource {
    @Override
    public Key.NexthopObject key() {
      return new Key.NexthopObject(device, gateway, onlink);
    }

    @Override
    public Stage stage() {
      return Stage.ENTRIES;
    }

    @Override
    public boolean satisfiedBy(Resource found) {
      return found instanceof Nexthop;
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

    @Override
    public Stage stage() {
      return Stage.ENTRIES;
    }

    @Override
    public boolean satisfiedBy(Resource found) {
      return found instanceof FdbEntry entry && remote.equals(entry.remote);
    }
  }

  /**
   * A subnet behind our tunnel, and the host that has it.
   *
   * @param kernel whether its packets may pass by the kernel alone, on both ends
   */
  record TunnelPeer(Cidr subnet, Ip host, boolean kernel) implements Resource {
    @Override
    public Key key() {
      return new Key.TunnelledSubnet(subnet);
    }

    @Override
    public Stage stage() {
      return Stage.ENTRIES;
    }
  }

  /** A permanent neighbour entry. */
  record Neighbour(String device, Ip ip, MacAddress mac) implements Resource {
    @Override
    public Key key() {
      return new Key.NeighbourEntry(device, ip);
    }

    @Override
    public Stage stage() {
      return Stage.ENTRIES;
    }

    @Override
    public boolean satisfiedBy(Resource found) {
      return found instanceof Neighbour entry && mac.equals(entry.mac);
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

    @Override
    public Stage stage() {
      return Stage.ENTRIES;
    }

    @Override
    public boolean satisfiedBy(Resource found) {
      return found instanceof Route route && via.equals(route.via);
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

    /** Into a device that knows no gateways. */
    record Direct(String device) implements Via {}

    /** Packets are dropped (--ip-blackhole-route). */
    record Blackhole() implements Via {}

    /**
     * Found only: a route that is never ours (multipath, no gateway, another protocol, …) where
     * ours might stand. It is replaced if ours is wanted there, else left alone.
     */
    record Foreign(String description) implements Via {}
  }

  /**
   * What the kernel keys by. Those of which there are thousands compare by hand: what records
   * generate is several times slower in a JVM that compiles little.
   */
  sealed interface Key {
    record Device(String name) implements Key {}

    record Address(String device, Cidr cidr) implements Key {}

    record Sysctl(String path) implements Key {}

    record TunnelledSubnet(Cidr subnet) implements Key {}

    record NexthopObject(String device, Ip gateway, boolean onlink) implements Key {
      @Override
      public boolean equals(Object other) {
        return other instanceof NexthopObject key
            && gateway.equals(key.gateway)
            && onlink == key.onlink
            && device.equals(key.device);
      }

      @Override
      public int hashCode() {
        return 31 * device.hashCode() + gateway.hashCode();
      }
    }

    record Fdb(String device, MacAddress mac) implements Key {
      @Override
      public boolean equals(Object other) {
        return other instanceof Fdb key && mac.equals(key.mac) && device.equals(key.device);
      }

      @Override
      public int hashCode() {
        return 31 * device.hashCode() + mac.hashCode();
      }
    }

    record NeighbourEntry(String device, Ip ip) implements Key {
      @Override
      public boolean equals(Object other) {
        return other instanceof NeighbourEntry key
            && ip.equals(key.ip)
            && device.equals(key.device);
      }

      @Override
      public int hashCode() {
        return 37 * device.hashCode() + ip.hashCode();
      }
    }

    record RouteTo(Cidr destination) implements Key {
      @Override
      public boolean equals(Object other) {
        return other instanceof RouteTo key && destination.equals(key.destination);
      }

      @Override
      public int hashCode() {
        return destination.hashCode();
      }
    }
  }
}
