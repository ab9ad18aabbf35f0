// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.iface.InterfaceFollowing;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.LinkAddress;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The world of a {@link FakeKernel}. */
public final class FakeWorld implements World, Surroundings {

  private final FakeKernel kernel = new FakeKernel();

  @Override
  public FakeKernel target() {
    return kernel;
  }

  @Override
  public Surroundings surroundings() {
    return this;
  }

  @Override
  public void addParent(String name, int mtu, List<Cidr> addresses) {
    FakeKernel.Device device = new FakeKernel.Device("", mtu);
    device.up = true;
    device.addresses.addAll(addresses);
    kernel.devices.put(name, device);
  }

  @Override
  public void addAddress(String link, Cidr cidr) {
    device(link).addresses.add(cidr);
  }

  @Override
  public void deleteAddress(String link, Cidr cidr) {
    device(link).addresses.remove(cidr);
  }

  @Override
  public void addBridge(String name) {
    kernel.devices.put(name, new FakeKernel.Device("bridge", 1500));
  }

  @Override
  public void deleteLink(String name) {
    kernel.deleteLink(name);
  }

  @Override
  public void setUp(String link, boolean up) {
    kernel.setUp(link, up);
  }

  @Override
  public void setMac(String link, MacAddress mac) {
    kernel.setMac(link, mac);
  }

  @Override
  public void setMtu(String link, int mtu) {
    device(link).mtu = mtu;
  }

  @Override
  public void addForeignRoute(Cidr destination, Ip gateway, int metric) {
    kernel.appendRoute(destination, new Via.Foreign("static metric " + metric + " eth0"));
  }

  @Override
  public void deleteForeignRoute(Cidr destination, Ip gateway, int metric) {
    kernel
        .routes
        .getOrDefault(destination, new ArrayList<>())
        .remove(new Via.Foreign("static metric " + metric + " eth0"));
  }

  @Override
  public int routesTo(Cidr destination) {
    return kernel.routes.getOrDefault(destination, List.of()).size();
  }

  private FakeKernel.Device device(String link) {
    return Optional.ofNullable(kernel.devices.get(link)).orElseThrow();
  }

  @Override
  public Optional<ExternalInterface> follow(ExternalInterface last) {
    FakeKernel.Device device = kernel.devices.get(last.name());
    if (device == null) {
      return Optional.empty();
    }
    int index = List.copyOf(kernel.devices.keySet()).indexOf(last.name()) + 1;
    Link link =
        new Link(
            index, last.name(), "", Link.UP, device.mtu, Optional.empty(), 0, Optional.empty());
    return InterfaceFollowing.follow(
        last,
        HostNetworkReader.link(
            link, device.addresses.stream().map(cidr -> LinkAddress.of(index, cidr)).toList()));
  }

  @Override
  public List<Reach> reach(Collection<Ip> addresses) {
    return addresses.stream().map(this::reach).toList();
  }

  private Reach reach(Ip address) {
    for (Map.Entry<String, FakeKernel.Device> device : kernel.devices.entrySet()) {
      if (device.getValue().up
          && device.getValue().addresses.stream().anyMatch(cidr -> cidr.contains(address))) {
        return new Reach.Direct(device.getKey());
      }
    }
    return new Reach.Gatewayed("eth0");
  }

  @Override
  public void close() {
    kernel.close();
  }
}
