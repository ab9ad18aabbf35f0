// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Resource.Device;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.Tunnels;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.Sysctl;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.route.Vxlan;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes and changes devices. Every method throws {@link LinuxException} if the kernel refuses. */
final class DeviceWriter {

  /** The port the kernel takes when none is named (drivers/net/vxlan, udp_port). */
  private static final int DEFAULT_PORT = 8472;

  private final RouteSocket socket;
  private final LinkNames names;
  private final Tunnels tunnels;

  DeviceWriter(RouteSocket socket, LinkNames names, Tunnels tunnels) {
    this.socket = socket;
    this.names = names;
    this.tunnels = tunnels;
  }

  /** Makes it with the tunnel behind it; one whose device others have renamed or moved ends. */
  void create(TunDevice device) {
    if (names.index(device.name()).isEmpty()) {
      tunnels.close();
    }
    change(device);
  }

  /** Changes the device, or makes it anew, for another address, port or MTU. */
  void change(TunDevice device) {
    tunnels.open(device);
    names.forget();
    socket.execute(new Request.SetLinkMtu(index(device), device.mtu()));
    socket.execute(new Request.SetLinkUp(index(device), device.up()));
  }

  /** Creates it as golden G6 shows, and sets it up if it is wanted up. */
  void create(VxlanDevice device) {
    int parent = 0;
    if (device.parent().isPresent()) {
      String name = device.parent().get();
      parent = names.index(name).orElseThrow(() -> missing(device, name));
    }
    Vxlan vxlan =
        Vxlan.of(device.vni(), parent, device.local().orElseThrow(), device.port())
            .withLearning(device.learning())
            .withGbp(device.gbp());
    try {
      socket.execute(
          new Request.AddVxlan(device.name(), device.mtu(), Optional.of(device.mac()), vxlan));
    } catch (LinuxException e) {
      throw e.is(Errno.EEXIST) ? conflict(device, e) : e;
    }
    names.forget();
    if (device.up()) {
      socket.execute(new Request.SetLinkUp(index(device), true));
    }
  }

  private static LinuxException missing(VxlanDevice device, String parent) {
    return new LinuxException(
        "create " + device.name(), Errno.ENODEV.number(), "there is no interface " + parent);
  }

  /** The kernel's EEXIST does not say which device has this VNI and port (B55). */
  private LinuxException conflict(VxlanDevice device, LinuxException cause) {
    int port = device.port() == 0 ? DEFAULT_PORT : device.port();
    Family family = device.local().map(Ip::family).orElse(Family.V4);
    for (Link link : socket.links("vxlan")) {
      Vxlan other = link.vxlan().orElseThrow();
      if (!link.name().equals(device.name())
          && other.vni() == device.vni()
          && other.port() == port
          && other.local().map(Ip::family).orElse(Family.V4) == family) {
        return new LinuxException(
            "create " + device.name(),
            cause.errno(),
            "device " + link.name() + " has VNI " + device.vni() + " and port " + port);
      }
    }
    return cause;
  }

  /** Changes in place what differs. */
  void change(VxlanDevice wanted, VxlanDevice found) {
    int index = index(wanted);
    List<Request> requests = new ArrayList<>();
    boolean otherLocal = !wanted.local().equals(found.local());
    boolean otherLearning = wanted.learning() != found.learning();
    if (otherLocal || otherLearning) {
      requests.add(
          new Request.ChangeVxlan(
              index,
              otherLocal ? wanted.local() : Optional.empty(),
              otherLearning ? Optional.of(wanted.learning()) : Optional.empty(),
              Optional.empty()));
    }
    if (wanted.mtu() != found.mtu()) {
      requests.add(new Request.SetLinkMtu(index, wanted.mtu()));
    }
    if (!wanted.mac().equals(found.mac())) {
      requests.add(new Request.SetLinkMac(index, wanted.mac()));
    }
    if (wanted.up() != found.up()) {
      requests.add(new Request.SetLinkUp(index, wanted.up()));
    }
    for (Request request : requests) {
      socket.execute(request);
    }
  }

  private int index(Device device) {
    return names
        .index(device.name())
        .orElseThrow(() -> new LinuxException("find " + device.name(), Errno.ENODEV.number(), ""));
  }

  void set(DeviceSysctl sysctl) {
    new Sysctl(sysctl.path()).write(sysctl.value());
  }

  /** A device that is gone already is deleted. */
  void delete(String device) {
    Optional<Integer> index = names.index(device);
    try {
      index.ifPresent(known -> socket.execute(new Request.DeleteLink(known)));
    } catch (LinuxException e) {
      if (!e.is(Errno.ENODEV)) {
        throw e;
      }
    }
    names.forget();
  }
}
