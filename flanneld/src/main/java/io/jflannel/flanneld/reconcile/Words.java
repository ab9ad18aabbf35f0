// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Resource.TunnelPeer;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Failure;

/** Changes and resources in the words of ip(8) and bridge(8). */
final class Words {

  private Words() {}

  static String of(Failure failure) {
    String verb =
        switch (failure.change()) {
          case Change.Add _ -> "add ";
          case Change.Replace _ -> "set ";
          case Change.Delete _ -> "delete ";
        };
    return "cannot " + verb + of(failure.change().resource()) + ": " + failure.reason();
  }

  static String of(Resource resource) {
    return switch (resource) {
      case VxlanDevice device -> "device " + device.name() + " (vxlan id " + device.vni() + ")";
      case TunDevice device -> "device " + device.name() + " (tun)";
      case TunnelPeer(var subnet, var host, var _) -> "tunnel peer " + subnet + " at " + host;
      case OtherDevice(var name, var kind) -> "device " + name + " (" + kind + ")";
      case DeviceAddress(var device, var cidr) -> "address " + cidr + " dev " + device;
      case DeviceSysctl(var _, var path, var value) -> "setting " + path + "=" + value;
      case Nexthop(var device, var gateway, var _) -> "nexthop via " + gateway + " dev " + device;
      case FdbEntry(var device, var mac, var remote) ->
          "fdb " + mac + " dev " + device + " dst " + remote;
      case Neighbour(var device, var ip, var mac) ->
          "neigh " + ip + " dev " + device + " lladdr " + mac;
      case Route(var destination, var via) -> "route " + of(destination.toString(), via);
    };
  }

  private static String of(String destination, Via via) {
    return switch (via) {
      case Via.Gateway(var device, var gateway, boolean onlink) ->
          destination + " via " + gateway + " dev " + device + (onlink ? " onlink" : "");
      case Via.ViaNexthop(var device, var gateway, boolean onlink) ->
          destination + " via " + gateway + " dev " + device + (onlink ? " onlink" : "");
      case Via.Direct(var device) -> destination + " dev " + device;
      case Via.Blackhole() -> "blackhole " + destination;
      case Via.Foreign(var description) -> destination + " " + description;
    };
  }
}
