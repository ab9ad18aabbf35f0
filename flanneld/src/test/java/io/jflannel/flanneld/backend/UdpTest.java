// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import static io.jflannel.flanneld.backend.Samples.DUAL;
import static io.jflannel.flanneld.backend.Samples.V4;
import static io.jflannel.flanneld.backend.Samples.V6;
import static io.jflannel.flanneld.backend.Samples.config;
import static io.jflannel.flanneld.backend.Samples.external;
import static io.jflannel.flanneld.backend.Samples.lease;
import static io.jflannel.flanneld.backend.Samples.view;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.backend.Backend.Desired;
import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.lease.KernelDecap;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Resource.TunnelPeer;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class UdpTest {

  private static final Lease OWN = lease("10.244.1.0/24", "", "10.77.0.1", "", "", "", "");
  private static final Lease PEER = lease("10.244.2.0/24", "", "10.77.0.2", "", "", "", "");

  private static Backend udp(String more) {
    return Backends.of(config(V4, "{\"Type\":\"UDP\"" + more + "}"), external(), _ -> "flannel3");
  }

  private static Desired desired(Backend backend, Lease... peers) {
    return backend.desired(external(), OWN, Underlay.UNASKED, view(peers));
  }

  @Test // backends.md 6.2, G7
  void theWholeNetworkGoesIntoTheTunnel() {
    assertThat(desired(udp(""), PEER).state())
        .isEqualTo(
            State.of(
                List.of(
                    new TunDevice(
                        "flannel3",
                        Ip.parse("10.77.0.1"),
                        8285,
                        Cidr.parse("10.244.1.0/24"),
                        1472,
                        true),
                    DeviceSysctl.acceptLocal("flannel3", "1"),
                    new DeviceAddress("flannel3", Cidr.parse("10.244.1.0/32")),
                    new Route(Cidr.parse("10.244.0.0/16"), new Via.Direct("flannel3")),
                    new TunnelPeer(Cidr.parse("10.244.2.0/24"), Ip.parse("10.77.0.2"), false))));
  }

  @Test // golden control-plane: {"PublicIP":"10.77.0.1","PublicIPv6":null}, also in dual stack
  void theLeaseHasTheAddressAlone() {
    var macs = new Backend.Vteps(new MacAddress(1), new MacAddress(2));
    LeaseAttributes attributes = udp("").attributes(external(), macs, Optional.empty());
    assertThat(attributes).isEqualTo(OWN.attributes());
    Backend dual = Backends.of(config(DUAL, "{\"Type\":\"udp\"}"), external(), _ -> "flannel0");
    assertThat(dual.attributes(external(), macs, Optional.empty())).isEqualTo(OWN.attributes());
  }

  @Test
  void portAndMtuReachTheDevice() {
    Backend backend = udp(",\"Port\":4321,\"MTU\":1400");
    assertThat(backend.mtu(external())).isEqualTo(1372); // FLANNEL_MTU
    assertThat(desired(backend).state().all())
        .contains(
            new TunDevice(
                "flannel3", Ip.parse("10.77.0.1"), 4321, Cidr.parse("10.244.1.0/24"), 1372, true));
    assertThat(udp(",\"MTU\":9000").mtu(external())).isEqualTo(1472); // no more than the link's
  }

  @Test // B28: upstream looks at no type
  void whatIsMissingOrForeignIsAProblemOfThatPeerAlone() {
    Lease other = lease("10.244.4.0/24", "", "10.77.0.4", "", "vxlan", "", "");
    Lease half = lease("10.244.3.0/24", "", "", "", "", "", "");
    Desired desired = desired(udp(""), other, half, PEER);
    assertThat(desired.problems()).extracting(Backend.Problem::peer).containsExactly(other, half);
    assertThat(desired.state().all().stream().filter(TunnelPeer.class::isInstance)).hasSize(1);
  }

  @Test // the way to its host would lead into the tunnel
  void aPeerBehindItselfIsAProblem() {
    Lease behindItself = lease("10.244.3.0/24", "", "10.244.3.7", "", "", "", "");
    Desired desired = desired(udp(""), behindItself, PEER);
    assertThat(desired.problems())
        .containsExactly(
            new Backend.Problem(behindItself, "its address 10.244.3.7 is in its own subnet"));
    assertThat(desired.state().all().stream().filter(TunnelPeer.class::isInstance)).hasSize(1);
  }

  @Test // ADR 6: byte for byte upstream's unless it is asked for, and used only where both do
  void whoUnwrapsInTheKernelSaysSo() {
    Backend ebpf = Backends.withKernelDecap(udp(""));
    var macs = new Backend.Vteps(new MacAddress(1), new MacAddress(2));
    assertThat(ebpf.attributes(external(), macs, Optional.empty()).backendData())
        .contains(KernelDecap.data());
    Lease able = able("10.244.3.0/24", "10.77.0.3");
    assertThat(ebpf.asksFor(view(PEER, able))).containsExactly(Ip.parse("10.77.0.3"));
    assertThat(byKernel(ebpf, new Reach.Direct("eth0"), PEER, able)).containsExactly(subnet(able));
    assertThat(byKernel(udp(""), new Reach.Direct("eth0"), able)).isEmpty();
  }

  @Test // the programs are at one link: by another way the packets would be lost
  void theKernelCarriesOnlyWhatLeavesByTheExternalInterface() {
    Backend ebpf = Backends.withKernelDecap(udp(""));
    Lease able = able("10.244.3.0/24", "10.77.0.3");
    assertThat(byKernel(ebpf, new Reach.Gatewayed("eth0"), able)).containsExactly(subnet(able));
    assertThat(byKernel(ebpf, new Reach.Direct("eth1"), able)).isEmpty();
    assertThat(byKernel(ebpf, new Reach.Gatewayed("eth1"), able)).isEmpty();
    assertThat(byKernel(ebpf, new Reach.Unknown(), able)).isEmpty();
  }

  @Test // it cannot fragment, and nobody would hear the router
  void theKernelCarriesOnlyWhatFitsThePath() {
    Backend ebpf = Backends.withKernelDecap(udp(""));
    Lease able = able("10.244.3.0/24", "10.77.0.3");
    assertThat(byKernel(ebpf, new Reach.Gatewayed("eth0", 1499), able)).isEmpty();
    assertThat(byKernel(ebpf, new Reach.Direct("eth0", 1499), able)).isEmpty();
    assertThat(byKernel(ebpf, new Reach.Gatewayed("eth0", 1500), able))
        .containsExactly(subnet(able));
    Backend small = Backends.withKernelDecap(udp(",\"MTU\":1400"));
    assertThat(byKernel(small, new Reach.Gatewayed("eth0", 1400), able))
        .containsExactly(subnet(able));
    assertThat(byKernel(small, new Reach.Gatewayed("eth0", 1399), able)).isEmpty();
  }

  private static Lease able(String subnet, String host) {
    return lease(subnet, "", host, "", "", "{\"KernelDecap\":1}", "");
  }

  private static Cidr subnet(Lease lease) {
    return lease.subnets().of(Family.V4).orElseThrow();
  }

  /** Which subnets the kernel serves alone if all hosts are reached that way. */
  private static List<Cidr> byKernel(Backend backend, Reach way, Lease... peers) {
    Map<Ip, Reach> reaches = new HashMap<>();
    for (Lease peer : peers) {
      reaches.put(peer.attributes().publicIp(Family.V4).orElseThrow(), way);
    }
    return backend
        .desired(external(), OWN, new Underlay(reaches), view(peers))
        .state()
        .all()
        .stream()
        .flatMap(resource -> resource instanceof TunnelPeer peer ? Stream.of(peer) : Stream.empty())
        .filter(TunnelPeer::kernel)
        .map(TunnelPeer::subnet)
        .toList();
  }

  @Test // B22
  void withoutIpv4ItIsRefused() {
    assertThatThrownBy(
            () -> Backends.of(config(V6, "{\"Type\":\"udp\"}"), external(), _ -> "flannel0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("carries IPv4 only");
  }
}
