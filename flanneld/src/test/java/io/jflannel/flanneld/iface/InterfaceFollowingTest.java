// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import static io.jflannel.flanneld.iface.Hosts.ETH0;
import static io.jflannel.flanneld.iface.Hosts.ROUTES;
import static io.jflannel.flanneld.iface.Hosts.deprecated;
import static io.jflannel.flanneld.iface.Hosts.link;
import static io.jflannel.flanneld.iface.Hosts.permanent;
import static io.jflannel.flanneld.iface.Hosts.wish;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Ip;
import org.junit.jupiter.api.Test;

/** P20, P21, P22. */
class InterfaceFollowingTest {

  private static final ExternalInterface LAST = external("dual", "");

  @Test
  void nothingNewIsNoChange() {
    assertThat(InterfaceFollowing.follow(LAST, Hosts.NODE_ETH0)).contains(LAST);
  }

  @Test
  void aNewAddressChangesOnlyItsFamily() {
    ExternalInterface now = followed(LAST, link(ETH0, "eth0", "10.77.0.9", "fd77::1"));

    assertThat(now.address4()).contains(Ip.parse("10.77.0.9"));
    assertThat(now.public4()).contains(Ip.parse("10.77.0.9"));
    assertThat(now.address6()).isEqualTo(LAST.address6());
    assertThat(now.public6()).isEqualTo(LAST.public6());
  }

  @Test
  void anAddressThatIsStillThereIsKept() {
    Link link = link(ETH0, "eth0", "10.77.0.9", "10.77.0.1", "fd77::9", "fd77::1");

    assertThat(InterfaceFollowing.follow(LAST, link)).contains(LAST);
  }

  @Test
  void aFamilyWithoutAnyAddressIsTold() {
    assertThat(InterfaceFollowing.follow(LAST, link(ETH0, "eth0", "fd77::1"))).isEmpty();
  }

  @Test
  void aLinkLocalAddressDoesNotReplaceAGlobalOne() {
    assertThat(InterfaceFollowing.follow(LAST, link(ETH0, "eth0", "10.77.0.1", "fe80::aa:1")))
        .isEmpty();
    assertThat(InterfaceFollowing.follow(LAST, link(ETH0, "eth0", "169.254.7.1", "fd77::1")))
        .isEmpty();
  }

  @Test
  void aDeprecatedAddressIsLeftIfThereIsABetterOne() {
    assertThat(
            followed(
                    LAST,
                    link(
                        ETH0,
                        "eth0",
                        permanent("10.77.0.1"),
                        deprecated("fd77::1"),
                        permanent("fd77::2")))
                .address6())
        .contains(Ip.parse("fd77::2"));
    assertThat(
            InterfaceFollowing.follow(
                LAST, link(ETH0, "eth0", permanent("10.77.0.1"), deprecated("fd77::1"))))
        .contains(LAST);
  }

  @Test
  void mtuAndIndexAreFollowed() {
    ExternalInterface now = followed(LAST, new Link(9, "eth0", 1400, Hosts.NODE_ETH0.addresses()));

    assertThat(now.mtu()).isEqualTo(1400);
    assertThat(now.index()).isEqualTo(9);
  }

  @Test
  void anAddressNamedByAFlagStaysPublished() {
    ExternalInterface last = external("v4", "-iface eth0 -public-ip 9.9.9.9");

    ExternalInterface now = followed(last, link(ETH0, "eth0", "10.77.0.2"));

    assertThat(now.address4()).contains(Ip.parse("10.77.0.2"));
    assertThat(now.public4()).contains(Ip.parse("9.9.9.9"));
  }

  private static ExternalInterface followed(ExternalInterface last, Link link) {
    return InterfaceFollowing.follow(last, link).orElseThrow();
  }

  private static ExternalInterface external(String mode, String flags) {
    Selection selection = InterfaceSelection.select(wish(mode, flags), Hosts.NODE, ROUTES);
    return ((Selection.Found) selection).external();
  }
}
