// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Device;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Tunnels;
import io.jflannel.linux.Sysctl;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.LinkAddress;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.route.Vxlan;
import io.jflannel.net.Cidr;
import io.jflannel.net.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads stage 1: our devices with their addresses and settings, and what we left formerly. */
final class DeviceReader {

  private static final MacAddress NONE = new MacAddress(0);

  /**
   * The devices of upstream's other backends; udp's TUN ends with its process (backends.md 6.2).
   */
  private static final List<String> FORMER =
      List.of("flannel0", "flannel.ipip", "flannel-wg", "flannel-wg-v6");

  private final RouteSocket socket;
  private final LinkNames names;
  private final Tunnels tunnels;

  DeviceReader(RouteSocket socket, LinkNames names, Tunnels tunnels) {
    this.socket = socket;
    this.names = names;
    this.tunnels = tunnels;
  }

  State read(Ownership ownership) {
    List<Resource> found = new ArrayList<>();
    for (String name : ownership.devices()) {
      socket.link(name).ifPresent(link -> addDevice(names.noted(link), ownership, found));
    }
    for (Link link : socket.links("vxlan")) {
      addFormer(link, ownership, found);
    }
    for (String name : FORMER) {
      socket.link(name).ifPresent(link -> addFormer(link, ownership, found));
    }
    return State.of(found);
  }

  private void addDevice(Link link, Ownership ownership, List<Resource> found) {
    Optional<Device> device = device(link);
    if (device.isEmpty()) {
      found.add(new OtherDevice(link.name(), link.kind()));
      return;
    }
    found.add(device.get());
    for (LinkAddress address : socket.addresses(link.index())) {
      if (inside(ownership, address)) {
        found.add(new DeviceAddress(link.name(), address.cidr()));
      }
    }
    found.add(asFound(setting(device.get())));
  }

  /** A tunnel that lacks a part counts as down: setting it up again adds what is missing. */
  private Optional<Device> device(Link link) {
    return link.vxlan().isPresent()
        ? Optional.of(device(link, link.vxlan().get()))
        : tunnels
            .present()
            .filter(tunnel -> tunnel.device().equals(link.name()))
            .map(tunnel ->
                new TunDevice(
                    link.name(),
                    tunnel.local(),
                    tunnel.port(),
                    tunnel.subnet(),
                    link.mtu(),
                    link.up() && tunnel.whole()));
  }

  /** The one that a backend may want to have otherwise. */
  private static DeviceSysctl setting(Device device) {
    return switch (device) {
      case VxlanDevice _ -> DeviceSysctl.acceptRa(device.name(), DeviceSysctl.MISSING);
      case TunDevice _ -> DeviceSysctl.acceptLocal(device.name(), DeviceSysctl.MISSING);
    };
  }

  private static DeviceSysctl asFound(DeviceSysctl setting) {
    Sysctl sysctl = new Sysctl(setting.path());
    Optional<String> value = sysctl.writable() ? sysctl.read() : Optional.empty();
    return new DeviceSysctl(setting.device(), setting.path(), value.orElse(DeviceSysctl.MISSING));
  }

  private VxlanDevice device(Link link, Vxlan vxlan) {
    Optional<String> parent =
        vxlan.parentIndex() == 0 ? Optional.empty() : Optional.of(names.name(vxlan.parentIndex()));
    return new VxlanDevice(
        link.name(),
        vxlan.vni(),
        vxlan.port(),
        parent,
        vxlan.local(),
        link.mac().orElse(NONE),
        link.mtu(),
        vxlan.learning(),
        vxlan.gbp(),
        link.up(),
        !vxlan.l2miss() && !vxlan.external());
  }

  /** A device that a former VNI, prefix or backend of ours has left: it is in our network. */
  private void addFormer(Link link, Ownership ownership, List<Resource> found) {
    String name = link.name();
    boolean named = name.startsWith("flannel") || name.matches("fl(-v6)?\\.[0-9]+");
    if (named
        && !ownership.devices().contains(name)
        && socket.addresses(link.index()).stream().anyMatch(a -> inside(ownership, a))) {
      found.add(new OtherDevice(names.noted(link).name(), link.kind()));
    }
  }

  private static boolean inside(Ownership ownership, LinkAddress address) {
    Cidr cidr = address.cidr();
    return ownership
        .network(cidr.family())
        .filter(network -> network.contains(cidr.ip()))
        .isPresent();
  }
}
