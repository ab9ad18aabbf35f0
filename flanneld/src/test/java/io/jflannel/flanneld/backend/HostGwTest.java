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

import io.jflannel.flanneld.backend.Backend.Desired;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class HostGwTest {

  private static final Lease OWN =
      lease("10.244.1.0/24", "fd00:10:244:1::/64", "10.77.0.1", "fd77::1", "host-gw", "", "");
  private static final Lease PEER =
      lease("10.244.2.0/24", "fd00:10:244:2::/64", "10.77.0.2", "fd77::2", "host-gw", "", "");
  private static final Route ROUTE4 =
      new Route(Cidr.parse("10.244.2.0/24"), new Via.Gateway("eth0", Ip.parse("10.77.0.2"), false));
  private static final Route ROUTE6 =
      new Route(
          Cidr.parse("fd00:10:244:2::/64"), new Via.Gateway("eth0", Ip.parse("fd77::2"), false));

  private static Backend hostGw(Set<Family> families) {
    return Backends.of(config(families, "{\"Type\":\"host-gw\"}"), external(), _ -> "flannel0");
  }

  private static Desired desired(Set<Family> families, Lease... peers) {
    return hostGw(families).desired(external(), OWN, Underlay.UNASKED, view(peers));
  }

  @Test // G2
  void aPeerIsARouteInEachFamilyThatIsOn() {
    assertThat(desired(DUAL, PEER).state()).isEqualTo(State.of(List.of(ROUTE4, ROUTE6)));
    assertThat(desired(V4, PEER).state()).isEqualTo(State.of(List.of(ROUTE4)));
    assertThat(desired(V6, PEER).state()).isEqualTo(State.of(List.of(ROUTE6)));
  }

  @Test // G2: no data
  void theLeaseHasNoData() {
    var macs = new Backend.Vteps(new MacAddress(1), new MacAddress(2));
    LeaseAttributes attributes = hostGw(DUAL).attributes(external(), macs, Optional.empty());
    assertThat(attributes).isEqualTo(OWN.attributes());
  }

  @Test // B40, backends.md 1.5
  void whatIsMissingOrForeignIsAProblemOfThatPeerAlone() {
    Lease half = lease("10.244.3.0/24", "fd00:10:244:3::/64", "10.77.0.3", "", "host-gw", "", "");
    Lease other = lease("10.244.4.0/24", "", "10.77.0.4", "", "vxlan", "", "");
    Desired desired = desired(DUAL, half, other, PEER);
    assertThat(desired.state().all()).hasSize(3).contains(ROUTE4, ROUTE6);
    assertThat(desired.problems()).extracting(Backend.Problem::peer).containsExactly(half, other);
  }

  @Test
  void thereIsNoDevice() {
    assertThat(hostGw(DUAL).devices())
        .isEqualTo(new Backend.Devices(Optional.empty(), Optional.empty()));
    assertThat(hostGw(DUAL).asksFor(view(PEER))).isEmpty();
  }
}
