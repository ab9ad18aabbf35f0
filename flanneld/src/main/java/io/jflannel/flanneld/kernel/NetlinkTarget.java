// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.kernel.Requesting.Step;
import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Device;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Resource.TunnelPeer;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.flanneld.state.Target;
import io.jflannel.flanneld.state.Tunnels;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.RepliesLostException;
import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.net.Cidr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The kernel of the network namespace of the thread that opens it. Belongs to that thread.
 *
 * <p>{@link #apply} throws {@link RepliesLostException} if it is unknown what was done: read again.
 */
public final class NetlinkTarget implements Target {

  private final RouteSocket socket;
  private final Tunnels tunnels;
  private final LinkNames names;
  private final NexthopIds ids;
  private final Requesting requesting;
  private final DeviceWriter devices;
  private long messages;

  private NetlinkTarget(RouteSocket socket, Tunnels tunnels) {
    this.socket = socket;
    this.tunnels = tunnels;
    names = new LinkNames(socket);
    ids = new NexthopIds(socket, names);
    requesting = new Requesting(names, ids);
    devices = new DeviceWriter(socket, names, tunnels);
  }

  /**
   * In the calling thread's namespace.
   *
   * @throws LinuxException if there is no netlink
   */
  public static NetlinkTarget open() {
    return open(Tunnels.NONE);
  }

  /** The same, with what is behind TUN devices. */
  static NetlinkTarget open(Tunnels tunnels) {
    return new NetlinkTarget(RouteSocket.open(), tunnels);
  }

  /** Asks the same kernel over the same socket. */
  public Surroundings surroundings() {
    return new NetlinkSurroundings(socket);
  }

  /** Marks this target's own changes in the kernel's events. */
  public int portId() {
    return socket.portId();
  }

  @Override
  public long messages() {
    return messages;
  }

  @Override
  public State read(Stage stage, Ownership ownership) {
    names.forget();
    return switch (stage) {
      case DEVICES -> new DeviceReader(socket, names, tunnels).read(ownership);
      case ENTRIES -> new EntryReader(socket, names, ids, tunnels).read(ownership);
    };
  }

  @Override
  public List<Failure> apply(List<Change> changes) {
    List<Failure> failures = new ArrayList<>();
    List<Change> pending = new ArrayList<>();
    List<Request> requests = new ArrayList<>();
    List<Change> peers = new ArrayList<>();
    for (Change change : changes) {
      if (change.resource() instanceof TunnelPeer) {
        peers.add(change);
        continue;
      }
      if (isDevice(change.resource())) {
        flush(pending, requests, failures);
        applyToDevice(change, failures);
        continue;
      }
      if (requesting.needsId(change)) {
        flush(pending, requests, failures);
        readIds(change.resource());
      }
      switch (step(change)) {
        case Step.Send(var request) -> {
          pending.add(change);
          requests.add(request);
        }
        case Step.Nothing() -> {}
        case Step.Impossible(var reason) -> failures.add(new Failure(change, reason));
      }
    }
    flush(pending, requests, failures);
    forward(peers, failures);
    return failures;
  }

  /** The tunnel's peers change all at once. */
  private void forward(List<Change> changes, List<Failure> failures) {
    if (changes.isEmpty()) {
      return;
    }
    Optional<Tunnels.Open> tunnel = tunnels.present();
    if (tunnel.isEmpty()) {
      changes.forEach(change -> failures.add(new Failure(change, "there is no tunnel")));
      return;
    }
    Map<Cidr, Tunnels.Peer> peers = new HashMap<>(tunnel.get().peers());
    for (Change change : changes) {
      switch (change) {
        case Change.Add(TunnelPeer peer) -> peers.put(peer.subnet(), at(peer));
        case Change.Replace(TunnelPeer peer, _) -> peers.put(peer.subnet(), at(peer));
        case Change.Delete(TunnelPeer peer) -> peers.remove(peer.subnet());
        case Change.Add _, Change.Replace _, Change.Delete _ ->
            failures.add(new Failure(change, "is not for tunnels"));
      }
    }
    tunnels.forward(peers);
    messages++;
  }

  private static Tunnels.Peer at(TunnelPeer peer) {
    return new Tunnels.Peer(peer.host(), peer.kernel());
  }

  private static boolean isDevice(Resource resource) {
    return resource instanceof Device
        || resource instanceof OtherDevice
        || resource instanceof DeviceSysctl;
  }

  private Step step(Change change) {
    return switch (change) {
      case Change.Add(var wanted) -> requesting.put(wanted);
      case Change.Replace(var wanted, _) -> requesting.put(wanted);
      case Change.Delete(var found) -> requesting.delete(found);
    };
  }

  /** The ids of all objects on that link: one question for all routes that follow. */
  private void readIds(Resource resource) {
    if (resource instanceof Resource.Route(var _, Resource.Via.ViaNexthop(var device, _, _))) {
      names.index(device).ifPresent(ids::read);
    }
  }

  private void flush(List<Change> pending, List<Request> requests, List<Failure> failures) {
    if (requests.isEmpty()) {
      return;
    }
    messages += requests.size();
    for (io.jflannel.linux.route.Failure failure : socket.execute(requests)) {
      Change change = pending.get(failure.index());
      if (!isDoneAnyway(change, failure)) {
        String words = failure.message().isEmpty() ? "" : " (" + failure.message() + ")";
        failures.add(new Failure(change, Errno.name(failure.errno()) + words));
      }
    }
    pending.clear();
    requests.clear();
  }

  /** Absent already, or the address is there already. */
  private static boolean isDoneAnyway(Change change, io.jflannel.linux.route.Failure failure) {
    if (change instanceof Change.Delete) {
      return failure.is(Errno.ENOENT)
          || failure.is(Errno.ESRCH)
          || failure.is(Errno.EADDRNOTAVAIL)
          || failure.is(Errno.ENODEV);
    }
    return change.resource() instanceof Resource.DeviceAddress && failure.is(Errno.EEXIST);
  }

  private void applyToDevice(Change change, List<Failure> failures) {
    messages++;
    try {
      switch (change) {
        case Change.Add(VxlanDevice device) -> devices.create(device);
        case Change.Replace(VxlanDevice wanted, VxlanDevice found) -> devices.change(wanted, found);
        case Change.Add(TunDevice device) -> devices.create(device);
        case Change.Replace(TunDevice wanted, TunDevice _) -> devices.change(wanted);
        case Change.Delete(TunDevice _) -> tunnels.close();
        case Change.Add(DeviceSysctl sysctl) -> devices.set(sysctl);
        case Change.Replace(DeviceSysctl sysctl, _) -> devices.set(sysctl);
        case Change.Delete(VxlanDevice device) -> devices.delete(device.name());
        case Change.Delete(OtherDevice device) -> devices.delete(device.name());
        case Change.Add _, Change.Replace _, Change.Delete _ ->
            failures.add(new Failure(change, "is not for devices"));
      }
    } catch (RepliesLostException e) {
      throw e;
    } catch (LinuxException e) {
      if (!isAbsentSetting(change.resource(), e)) {
        String words = e.detail().isEmpty() ? "" : " (" + e.detail() + ")";
        failures.add(new Failure(change, Errno.name(e.errno()) + words));
      }
    }
  }

  /** A kernel without IPv6 has none of its settings; a device that is not there is a failure. */
  private boolean isAbsentSetting(Resource resource, LinuxException e) {
    return resource instanceof DeviceSysctl sysctl
        && e.is(Errno.ENOENT)
        && names.index(sysctl.device()).isPresent();
  }

  @Override
  public void close() {
    socket.close();
  }
}
