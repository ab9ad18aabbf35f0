// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A kernel that keeps state and refuses what the real one refuses (semantics.txt of the netlink
 * prototype): the same {@link KernelContract} runs over both.
 */
public final class FakeKernel implements Target {

  /** A device and what hangs on it. */
  static final class Device {
    final String kind;
    int mtu;
    boolean up;
    MacAddress mac = new MacAddress(0x020000000001L);
    Optional<VxlanDevice> vxlan = Optional.empty();
    final Set<Cidr> addresses = new LinkedHashSet<>();
    final Map<Ip, MacAddress> neighbours = new LinkedHashMap<>();
    final Map<MacAddress, Ip> fdb = new LinkedHashMap<>();
    String acceptRa = "1";

    Device(String kind, int mtu) {
      this.kind = kind;
      this.mtu = mtu;
    }
  }

  /** A refusal; the message is the errno. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Refused(String errno) {
      super(errno);
    }
  }

  final Map<String, Device> devices = new LinkedHashMap<>();
  final Map<Cidr, List<Via>> routes = new LinkedHashMap<>();
  final Set<Nexthop> nexthops = new LinkedHashSet<>();
  private long writes;

  @Override
  public State read(Stage stage, Ownership ownership) {
    List<Resource> found = new ArrayList<>();
    devices.forEach((name, device) -> {
      boolean ours = ownership.devices().contains(name);
      if (stage == Stage.ENTRIES) {
        if (ours && device.vxlan.isPresent()) {
          device.neighbours.forEach((ip, mac) -> found.add(new Neighbour(name, ip, mac)));
          device.fdb.forEach((mac, ip) -> found.add(new FdbEntry(name, mac, ip)));
        }
      } else if (ours) {
        readDevice(name, device, ownership, found);
      } else if (name.startsWith("flannel") && inside(device, ownership)) {
        found.add(new OtherDevice(name, device.kind));
      }
    });
    if (stage == Stage.ENTRIES) {
      readRoutes(ownership, found);
    }
    return State.of(found);
  }

  private static boolean inside(Device device, Ownership ownership) {
    return device.addresses.stream().anyMatch(cidr -> inNetwork(ownership, cidr));
  }

  private static boolean inNetwork(Ownership ownership, Cidr cidr) {
    return ownership.network(cidr.family()).filter(net -> net.contains(cidr.ip())).isPresent();
  }

  private static void readDevice(
      String name, Device device, Ownership ownership, List<Resource> found) {
    if (device.vxlan.isEmpty()) {
      found.add(new OtherDevice(name, device.kind));
      return;
    }
    VxlanDevice made = device.vxlan.get();
    found.add(
        new VxlanDevice(
            name,
            made.vni(),
            made.port() == 0 ? 8472 : made.port(),
            made.parent(),
            made.local(),
            device.mac,
            device.mtu,
            made.learning(),
            made.gbp(),
            device.up,
            made.compatible()));
    device.addresses.stream()
        .filter(cidr -> inNetwork(ownership, cidr))
        .forEach(cidr -> found.add(new DeviceAddress(name, cidr)));
    found.add(DeviceSysctl.acceptRa(name, device.acceptRa));
  }

  private void readRoutes(Ownership ownership, List<Resource> found) {
    Set<Nexthop> used = new LinkedHashSet<>();
    routes.forEach((destination, vias) -> {
      for (Via via : vias) {
        boolean foreign = via instanceof Via.Foreign;
        if (ownership.contested().contains(destination)
            || ownership.inside(destination) && !foreign) {
          found.add(new Route(destination, via));
          if (via instanceof Via.ViaNexthop(var device, var gateway, boolean onlink)) {
            used.add(new Nexthop(device, gateway, onlink));
          }
        }
      }
    });
    nexthops.stream()
        .filter(nexthop -> ownership.devices().contains(nexthop.device()) || used.contains(nexthop))
        .forEach(found::add);
  }

  @Override
  public long messages() {
    return writes;
  }

  @Override
  public List<Failure> apply(List<Change> changes) {
    List<Failure> failures = new ArrayList<>();
    for (Change change : changes) {
      writes++;
      try {
        switch (change) {
          case Change.Add(var wanted) -> put(wanted);
          case Change.Replace(VxlanDevice wanted, VxlanDevice _) -> change(wanted);
          case Change.Replace(var wanted, var _) -> put(wanted);
          case Change.Delete(var found) -> delete(found);
        }
      } catch (Refused e) {
        failures.add(new Failure(change, String.valueOf(e.getMessage())));
      }
    }
    return failures;
  }

  private void put(Resource wanted) {
    switch (wanted) {
      case VxlanDevice device -> create(device);
      case OtherDevice _, Resource.TunDevice _, Resource.TunnelPeer _ ->
          throw new Refused("EOPNOTSUPP");
      case DeviceAddress(var name, var cidr) -> device(name).addresses.add(cidr);
      case DeviceSysctl sysctl -> device(sysctl.device()).acceptRa = sysctl.value();
      case FdbEntry(var name, var mac, var remote) -> device(name).fdb.put(mac, remote);
      case Neighbour(var name, var ip, var mac) -> device(name).neighbours.put(ip, mac);
      case Nexthop nexthop -> {
        checkGateway(nexthop.device(), nexthop.gateway(), nexthop.onlink());
        nexthops.add(nexthop);
      }
      case Route(var destination, var via) -> putRoute(destination, via);
    }
  }

  private Device device(String name) {
    Device device = devices.get(name);
    if (device == null) {
      throw new Refused("ENODEV");
    }
    return device;
  }

  private static Family family(VxlanDevice device) {
    return device.local().map(Ip::family).orElse(Family.V4);
  }

  private static int overhead(VxlanDevice device) {
    return family(device) == Family.V4 ? 50 : 70;
  }

  private void create(VxlanDevice wanted) {
    if (devices.containsKey(wanted.name())) {
      throw new Refused("EEXIST");
    }
    int port = wanted.port() == 0 ? 8472 : wanted.port();
    devices.forEach((name, other) ->
        other.vxlan.ifPresent(there -> {
          if (there.vni() == wanted.vni()
              && (there.port() == 0 ? 8472 : there.port()) == port
              && family(there) == family(wanted)) {
            throw new Refused("EEXIST (device " + name + ")");
          }
        }));
    int most = wanted.parent().map(name -> device(name).mtu).orElse(65_535) - overhead(wanted);
    Device device = new Device("vxlan", Math.min(wanted.mtu(), most));
    device.vxlan = Optional.of(wanted);
    device.mac = wanted.mac();
    device.up = wanted.up();
    devices.put(wanted.name(), device);
  }

  private void change(VxlanDevice wanted) {
    Device device = device(wanted.name());
    VxlanDevice made = device.vxlan.orElseThrow(() -> new Refused("EOPNOTSUPP"));
    device.vxlan =
        Optional.of(
            new VxlanDevice(
                made.name(),
                made.vni(),
                made.port(),
                made.parent(),
                wanted.local(),
                wanted.mac(),
                made.mtu(),
                wanted.learning(),
                made.gbp(),
                wanted.up(),
                made.compatible()));
    if (wanted.mtu()
        > made.parent().map(name -> device(name).mtu).orElse(65_535) - overhead(made)) {
      throw new Refused("EINVAL");
    }
    device.mtu = wanted.mtu();
    setMac(wanted.name(), wanted.mac());
    setUp(wanted.name(), wanted.up());
  }

  void setMac(String name, MacAddress mac) {
    Device device = device(name);
    if (!device.mac.equals(mac)) {
      device.neighbours.clear();
    }
    device.mac = mac;
  }

  void setUp(String name, boolean up) {
    if (device(name).up && !up) {
      device(name).neighbours.clear();
    }
    device(name).up = up;
    if (!up) {
      loseRoutes(name);
    }
  }

  private void loseRoutes(String name) {
    nexthops.removeIf(nexthop -> nexthop.device().equals(name));
    routes.values().forEach(vias -> vias.removeIf(via -> uses(via, name)));
    routes.values().removeIf(List::isEmpty);
  }

  private static boolean uses(Via via, String name) {
    return switch (via) {
      case Via.Gateway gateway -> gateway.device().equals(name);
      case Via.ViaNexthop nexthop -> nexthop.device().equals(name);
      case Via.Foreign(var description) -> description.endsWith(" " + name);
      case Via.Direct(var device) -> device.equals(name);
      case Via.Blackhole() -> false;
    };
  }

  private void checkGateway(String name, Ip gateway, boolean onlink) {
    Device device = device(name);
    if (!device.up) {
      throw new Refused("ENETDOWN");
    }
    if (!onlink && device.addresses.stream().noneMatch(cidr -> cidr.contains(gateway))) {
      throw new Refused(gateway.isV4() ? "ENETUNREACH" : "EHOSTUNREACH");
    }
    if (onlink && !gateway.isV4() && coveredElsewhere(name, gateway)) {
      throw new Refused("EINVAL");
    }
  }

  /** ip6_route_check_nh_onlink: a more general route through another device forbids it (B52). */
  private boolean coveredElsewhere(String name, Ip gateway) {
    return routes.entrySet().stream()
        .anyMatch(route ->
            route.getKey().contains(gateway)
                && route.getValue().stream()
                    .anyMatch(via -> !uses(via, name) && !(via instanceof Via.Blackhole)));
  }

  private void putRoute(Cidr destination, Via via) {
    switch (via) {
      case Via.Gateway(var device, var gateway, boolean onlink) ->
          checkGateway(device, gateway, onlink);
      case Via.ViaNexthop(var device, var gateway, boolean onlink) -> {
        if (!nexthops.contains(new Nexthop(device, gateway, onlink))) {
          throw new Refused("EINVAL");
        }
      }
      case Via.Blackhole() -> {}
      case Via.Direct _, Via.Foreign _ -> throw new Refused("EOPNOTSUPP");
    }
    List<Via> vias = routes.computeIfAbsent(destination, _ -> new ArrayList<>());
    if (vias.indexOf(via) > 0) {
      throw new Refused("EEXIST");
    }
    if (vias.isEmpty()) {
      vias.add(via);
    } else {
      vias.set(0, via);
    }
  }

  /** As {@code ip route append}. */
  void appendRoute(Cidr destination, Via via) {
    routes.computeIfAbsent(destination, _ -> new ArrayList<>()).add(via);
  }

  private void delete(Resource found) {
    switch (found) {
      case VxlanDevice device -> deleteLink(device.name());
      case OtherDevice device -> deleteLink(device.name());
      case DeviceAddress(var name, var cidr) -> ifThere(name).addresses.remove(cidr);
      case DeviceSysctl _, Resource.TunDevice _, Resource.TunnelPeer _ ->
          throw new Refused("EOPNOTSUPP");
      case FdbEntry(var name, var mac, var remote) -> ifThere(name).fdb.remove(mac, remote);
      case Neighbour(var name, var ip, var _) -> ifThere(name).neighbours.remove(ip);
      case Nexthop nexthop -> {
        nexthops.remove(nexthop);
        var via = new Via.ViaNexthop(nexthop.device(), nexthop.gateway(), nexthop.onlink());
        routes.values().forEach(vias -> vias.remove(via));
      }
      case Route(var destination, var via) -> {
        List<Via> vias = routes.getOrDefault(destination, new ArrayList<>());
        vias.remove(via);
      }
    }
    routes.values().removeIf(List::isEmpty);
  }

  private Device ifThere(String name) {
    Device device = devices.get(name);
    return device == null ? new Device("none", 0) : device;
  }

  void deleteLink(String name) {
    if (devices.remove(name) == null) {
      return;
    }
    loseRoutes(name);
    List<String> children =
        devices.entrySet().stream()
            .filter(entry ->
                entry.getValue().vxlan.flatMap(VxlanDevice::parent).equals(Optional.of(name)))
            .map(Map.Entry::getKey)
            .toList();
    children.forEach(this::deleteLink);
  }

  @Override
  public void close() {
    // nothing is held
  }
}
