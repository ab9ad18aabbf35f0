// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import static io.jflannel.flanneld.iface.Hosts.ETH0;
import static io.jflannel.flanneld.iface.Hosts.LO;
import static io.jflannel.flanneld.iface.Hosts.ROUTES;
import static io.jflannel.flanneld.iface.Hosts.host;
import static io.jflannel.flanneld.iface.Hosts.link;
import static io.jflannel.flanneld.iface.Hosts.wish;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** P20, P21, P22. */
class InterfaceFollowingTest {

  private static final Wish DUAL = wish("dual", "");
  private static final ExternalInterface CURRENT = external(Hosts.NODE, DUAL);

  @Test
  void nothingNewIsNoChange() {
    assertThat(InterfaceFollowing.follow(CURRENT, DUAL, Hosts.NODE, ROUTES)).isEqualTo(CURRENT);
  }

  @Test
  void aNewAddressChangesOnlyItsFamily() {
    HostNetwork host = host(LO, link(ETH0, "eth0", "10.77.0.9", "fd77::1"));

    ExternalInterface now = InterfaceFollowing.follow(CURRENT, DUAL, host, ROUTES);

    assertThat(now.address4()).contains(Ip.parse("10.77.0.9"));
    assertThat(now.public4()).contains(Ip.parse("10.77.0.9"));
    assertThat(now.address6()).isEqualTo(CURRENT.address6());
  }

  @Test
  void anAddressThatIsStillThereIsKept() {
    HostNetwork host = host(LO, link(ETH0, "eth0", "10.77.0.9", "10.77.0.1", "fd77::1"));

    assertThat(InterfaceFollowing.follow(CURRENT, DUAL, host, ROUTES)).isEqualTo(CURRENT);
  }

  @Test
  void anAddressWithoutSuccessorStays() {
    HostNetwork host = host(LO, link(ETH0, "eth0", "fd77::1"));

    assertThat(InterfaceFollowing.follow(CURRENT, DUAL, host, ROUTES)).isEqualTo(CURRENT);
  }

  @Test
  void aDeprecatedAddressIsLeft() {
    HostNetwork host =
        host(
            LO,
            link(
                ETH0,
                "eth0",
                Hosts.permanent("10.77.0.1"),
                Hosts.deprecated("fd77::1"),
                Hosts.permanent("fd77::2")));

    assertThat(InterfaceFollowing.follow(CURRENT, DUAL, host, ROUTES).address6())
        .contains(Ip.parse("fd77::2"));
  }

  @Test
  void mtuAndIndexAreFollowed() {
    HostNetwork host =
        new HostNetwork(List.of(new Link(9, "eth0", 1400, Hosts.NODE_ETH0.addresses())), List.of());

    ExternalInterface now = InterfaceFollowing.follow(CURRENT, DUAL, host, ROUTES);

    assertThat(now.mtu()).isEqualTo(1400);
    assertThat(now.index()).isEqualTo(9);
  }

  @Test
  void theInterfaceItselfIsNeverLeft() {
    HostNetwork gone = host(LO, link(Hosts.OTHER, "eth1", "10.88.0.1", "fd88::1"));

    assertThat(InterfaceFollowing.follow(CURRENT, DUAL, gone, ROUTES)).isEqualTo(CURRENT);
  }

  @Test
  void theFlagsDecideAmongSeveralNewAddresses() {
    Wish regex = wish("v4", "-iface-regex 10\\.77\\.1\\.");
    ExternalInterface current =
        external(host(LO, link(ETH0, "eth0", "10.77.0.1", "10.77.1.1")), regex);
    HostNetwork host = host(LO, link(ETH0, "eth0", "10.77.0.1", "10.77.1.7"));

    assertThat(InterfaceFollowing.follow(current, regex, host, ROUTES).address4())
        .contains(Ip.parse("10.77.1.7"));
  }

  @Test
  void anAnnouncedAddressStaysAnnounced() {
    Wish wish = wish("v4", "-iface eth0 -public-ip 9.9.9.9");
    ExternalInterface current = external(Hosts.NODE, wish);

    ExternalInterface now =
        InterfaceFollowing.follow(current, wish, host(LO, link(ETH0, "eth0", "10.77.0.2")), ROUTES);

    assertThat(now.address4()).contains(Ip.parse("10.77.0.2"));
    assertThat(now.public4()).isEqualTo(Optional.of(Ip.parse("9.9.9.9")));
  }

  private static ExternalInterface external(HostNetwork host, Wish wish) {
    return ((Selection.Found) InterfaceSelection.select(wish, host, ROUTES)).external();
  }
}
