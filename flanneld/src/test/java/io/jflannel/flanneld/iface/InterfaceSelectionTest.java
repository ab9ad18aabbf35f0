// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import static io.jflannel.flanneld.iface.Hosts.ETH0;
import static io.jflannel.flanneld.iface.Hosts.LO;
import static io.jflannel.flanneld.iface.Hosts.OTHER;
import static io.jflannel.flanneld.iface.Hosts.defaultRoute;
import static io.jflannel.flanneld.iface.Hosts.deprecated;
import static io.jflannel.flanneld.iface.Hosts.host;
import static io.jflannel.flanneld.iface.Hosts.limited;
import static io.jflannel.flanneld.iface.Hosts.link;
import static io.jflannel.flanneld.iface.Hosts.permanent;
import static io.jflannel.flanneld.iface.Hosts.temporary;
import static io.jflannel.flanneld.iface.Hosts.wish;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.iface.HostNetwork.DefaultRoute;
import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InterfaceSelectionTest {

  /** Spec 4.7, the rows that succeed; and the golden file's section 8 for node 1. */
  @ParameterizedTest(name = "{0} [{1}] -> {2} {3} / {4}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        // golden 8, IPv4
        "v4;   ``;                                     eth0; 10.77.0.1; 10.77.0.1",
        "v4;   `-iface `;                              eth0; 10.77.0.1; 10.77.0.1",
        "v4;   `-iface-regex `;                        eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -iface eth0;                            eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -iface 10.77.0.1;                       eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -public-ip 10.77.0.1;                   eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -public-ip 9.9.9.9 -iface eth0;         eth0; 10.77.0.1; 9.9.9.9",
        "v4;   -iface 127.0.0.1;                       lo;   127.0.0.1; 127.0.0.1",
        "v4;   -iface-can-reach 127.0.0.1;             lo;   127.0.0.1; 127.0.0.1",
        "v4;   -iface eth9 -iface lo -iface eth0;      eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -iface eth9 -iface-regex [ -iface-regex ^eth; eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -iface-regex 0\\.1$;                    eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -iface-can-reach 10.77.0.254;           eth0; 10.77.0.1; 10.77.0.1",
        "v4;   -iface-can-reach 8.8.8.8;               eth0; 10.77.0.1; 10.77.0.1",
        // golden 8, IPv6
        "v6;   ``;                                     eth0; fd77::1; fd77::1",
        "v6;   -iface eth0;                            eth0; fd77::1; fd77::1",
        "v6;   -iface fd77::1;                         eth0; fd77::1; fd77::1",
        "v6;   -public-ipv6 fd77::1;                   eth0; fd77::1; fd77::1",
        "v6;   -iface-regex fd77;                      eth0; fd77::1; fd77::1",
        "v6;   -iface-regex eth;                       eth0; fd77::1; fd77::1",
        // golden 8, dual
        "dual; ``;                                     eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
        "dual; -iface eth0;                            eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
        "dual; -iface 10.77.0.1;                       eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
        "dual; -public-ip 10.77.0.1;                   eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
        "dual; -public-ipv6 fd77::1;                   eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
        "dual; -iface-regex 77;                        eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
        "dual; -iface fd77::1 -public-ipv6 fd77::1;    eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
        // ODD-11: upstream panics
        "dual; -iface fd77::1;                         eth0; 10.77.0.1 fd77::1; 10.77.0.1 fd77::1",
      })
  void node1(String mode, String flags, String name, String addresses, String announced) {
    assertFound(
        InterfaceSelection.select(wish(mode, flags), Hosts.NODE, Hosts.ROUTES),
        name,
        addresses,
        announced);
  }

  @ParameterizedTest(name = "{0} [{1}] -> {2} {3} / {4}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        // spec 4.7
        "v4;   -iface-regex 192\\.168\\.200\\.\\d+;    dummy0; 192.168.200.128; 192.168.200.128",
        "v4;   -iface-regex dummy\\d+;                 dummy0; 1.10.100.1; 1.10.100.1",
        "v4;   -iface dummy0;                          dummy0; 1.10.100.1; 1.10.100.1",
        "v4;   -iface 172.16.30.18;                    dummy0; 172.16.30.18; 172.16.30.18",
        "dual; -iface 172.16.30.18;  dummy0; 172.16.30.18 2001:db8::1; 172.16.30.18 2001:db8::1",
        "v4;   -iface-regex 172\\.16\\.30\\.\\d+ -public-ip 172.16.31.200; dummy0; 172.16.30.18; 172.16.31.200",
        "v4;   -iface-can-reach 172.16.32.254;         dummy0; 172.16.32.100; 172.16.32.100",
        // golden 8, F
        "dual; -iface-regex 172.16.30|2001; dummy0; 172.16.30.18 2001:db8::1; 172.16.30.18 2001:db8::1",
      })
  void fixtureF(String mode, String flags, String name, String addresses, String announced) {
    assertFound(
        InterfaceSelection.select(wish(mode, flags), Hosts.NODE_F, Hosts.ROUTES),
        name,
        addresses,
        announced);
  }

  /** Golden 8, the fatal rows; the message names what was looked for. */
  @ParameterizedTest(name = "{0} [{1}]")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "v4;   -public-ip 9.9.9.9;             `--public-ip=9.9.9.9: no interface has this address (if it is that of a NAT, name the interface with --iface as well)`",
        "v4;   -public-ip eth0;                --public-ip=eth0: no IPv4 address",
        "v4;   -public-ip bogus -iface eth0;   --public-ip=bogus: no IPv4 address",
        "v4;   -public-ip fd77::1;             --public-ip=fd77::1: no IPv4 address", // ODD-12
        "dual; -public-ipv6 1.2.3.4;           --public-ipv6=1.2.3.4: no IPv6 address", // ODD-9
        "v4;   -iface lo;                      --iface=lo: interface lo has no usable IPv4 address",
        "v4;   -iface-regex ^lo$;              --iface-regex=^lo$: interface lo has no usable IPv4 address",
        "v4;   -iface-regex 127;               --iface-regex=127: neither an address nor a name matches",
        "v4;   -iface eth9;                    --iface=eth9: there is no interface of that name",
        "v4;   -iface lo,eth0;                 `--iface=lo,eth0: there is no interface of that name; several are given by several --iface`",
        "v4;   -iface-regex zzz;               --iface-regex=zzz: neither an address nor a name matches",
        "v4;   -iface-can-reach nosuch;        --iface-can-reach=nosuch: no IP address",
        "v4;   -iface-can-reach fd77::9;       --iface-can-reach=fd77::9: the network has no IPv6", // ODD-12
        "v4;   -iface-can-reach 7.7.7.7;       --iface-can-reach=7.7.7.7: the kernel has no route to it",
        "v6;   -iface 10.77.0.1;               --iface=10.77.0.1: the network has no IPv4",
        "v6;   -public-ipv6 fd77::99;          `--public-ipv6=fd77::99: no interface has this address (if it is that of a NAT, name the interface with --iface as well)`",
        "dual; -iface 10.77.0.1 -public-ipv6 fd77::99; --iface=10.77.0.1: interface eth0 does not have --public-ipv6=fd77::99",
        "dual; -iface-regex 10\\.77;           --iface-regex=10\\.77: neither an address nor a name matches",
      })
  void fatalOnNode1(String mode, String flags, String reason) {
    assertNone(InterfaceSelection.select(wish(mode, flags), Hosts.NODE, Hosts.ROUTES), reason);
  }

  @ParameterizedTest(name = "{0} [{1}]")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "-iface 10.77.0.1 -public-ipv6 2001:db8::1; --iface=10.77.0.1: interface eth0 does not have --public-ipv6=2001:db8::1",
        "-iface-regex 2001:db8; --iface-regex=2001:db8: neither an address nor a name matches",
        // ODD-41: the families match on different interfaces
        "-iface-regex 172|fd77; --iface-regex=172|fd77: neither an address nor a name matches",
      })
  void fatalInDualModeWithF(String flags, String reason) {
    assertNone(InterfaceSelection.select(wish("dual", flags), Hosts.NODE_F, Hosts.ROUTES), reason);
  }

  @Test
  void allReasonsAndWhatExistsAreListed() {
    Selection selection =
        InterfaceSelection.select(
            wish("v4", "-iface eth9 -iface-regex ["), Hosts.NODE, Hosts.ROUTES);

    assertThat(selection)
        .isInstanceOfSatisfying(
            Selection.None.class,
            none ->
                assertThat(none.reasons())
                    .containsExactly(
                        "--iface=eth9: there is no interface of that name",
                        "--iface-regex=[: no regular expression: Unclosed character class",
                        "interfaces of this host: lo 127.0.0.1 ::1, eth0 10.77.0.1 fd77::1"
                            + " fe80::2"));
  }

  @Test
  void firstSuccessWinsAndEarlierMissesAreTold() { // IF-2
    Selection selection =
        InterfaceSelection.select(wish("v4", "-iface eth9 -iface eth0"), Hosts.NODE, Hosts.ROUTES);

    assertThat(selection)
        .isInstanceOfSatisfying(
            Selection.Found.class,
            found ->
                assertThat(found.passedOver())
                    .containsExactly("--iface=eth9: there is no interface of that name"));
  }

  @Test
  void addressPreference() { // IF-8 and golden 8
    assertV4(
        "10.9.0.2",
        permanent("169.254.9.9"),
        limited("10.9.0.1"),
        permanent("10.9.0.2"),
        permanent("10.9.0.3"));
    assertV4("10.9.0.1", permanent("169.254.9.9"), limited("10.9.0.1"));
    assertV4("169.254.9.9", permanent("169.254.9.9"), deprecated("10.9.0.1"));
    assertV6("fe80::5", permanent("fe80::5"));
    assertV6("fd99::1", permanent("fe80::5"), permanent("fd99::1"));
    assertV6("2001:db8::2", temporary("2001:db8::1"), limited("2001:db8::2")); // P21
    assertV6("fd00::1", permanent("fd00::1"), permanent("2001:db8::2")); // P21: a ULA is global
    assertV6("fd00::2", deprecated("2001:db8::1"), permanent("fd00::2"));
  }

  private static void assertV4(String expected, HostNetwork.Address... addresses) {
    assertThat(AddressPreference.candidates(link(ETH0, "eth0", addresses), Family.V4))
        .first()
        .isEqualTo(Ip.parse(expected));
  }

  private static void assertV6(String expected, HostNetwork.Address... addresses) {
    assertThat(AddressPreference.candidates(link(ETH0, "eth0", addresses), Family.V6))
        .first()
        .isEqualTo(Ip.parse(expected));
  }

  @Test
  void firstDefaultRouteDecides() { // golden 8: metric 0 on eth0, metric 50 on the other
    Link other = link(OTHER, "other", "10.88.0.1");
    HostNetwork host =
        new HostNetwork(
            List.of(LO, other, Hosts.NODE_ETH0),
            List.of(defaultRoute(Family.V4, ETH0), defaultRoute(Family.V4, OTHER)));

    assertFound(
        InterfaceSelection.select(wish("v4", ""), host, Hosts.ROUTES),
        "eth0",
        "10.77.0.1",
        "10.77.0.1");
  }

  @Test
  void defaultRoutesThatCannotDecide() { // IF-7
    Link other = link(OTHER, "other", "10.88.0.1", "fd88::1");
    List<Link> links = List.of(LO, Hosts.NODE_ETH0, other);

    assertNone(
        InterfaceSelection.select(wish("v4", ""), new HostNetwork(links, List.of()), Hosts.ROUTES),
        "default route: there is none for IPv4; name one with --iface");
    assertNone(
        InterfaceSelection.select(
            wish("v4", ""),
            new HostNetwork(links, List.of(new DefaultRoute(Family.V4, OptionalInt.empty()))),
            Hosts.ROUTES),
        "default route: that of IPv4 has several interfaces");
    assertNone(
        InterfaceSelection.select(
            wish("dual", ""),
            new HostNetwork(
                links, List.of(defaultRoute(Family.V4, ETH0), defaultRoute(Family.V6, OTHER))),
            Hosts.ROUTES),
        "default route: IPv4 leaves through eth0, IPv6 through other; name one with --iface");
  }

  @Test
  void mtuZeroIsRefused() { // IF-9
    HostNetwork host = host(LO, new Link(ETH0, "eth0", 0, Hosts.NODE_ETH0.addresses()));

    assertNone(
        InterfaceSelection.select(wish("v4", "-iface eth0"), host, Hosts.ROUTES),
        "--iface=eth0: interface eth0 has MTU 0");
  }

  @ParameterizedTest
  @CsvSource({
    "'^eth[[:digit:]]+$'",
    "'(?P<kind>eth)0'",
    "'[[:alpha:]]+0'",
    "'eth[^[:alpha:]]'",
    "'^[[:word:]]+0$'"
  })
  void re2SyntaxThatJavaWritesDifferently(String regex) { // IF-5
    assertFound(
        InterfaceSelection.select(wish("v4", "-iface-regex " + regex), Hosts.NODE, Hosts.ROUTES),
        "eth0",
        "10.77.0.1",
        "10.77.0.1");
  }

  private static void assertFound(
      Selection selection, String name, String addresses, String announced) {
    assertThat(selection).isInstanceOf(Selection.Found.class);
    ExternalInterface external = ((Selection.Found) selection).external();
    assertThat(external.name()).isEqualTo(name);
    assertThat(external.mtu()).isEqualTo(1500);
    assertThat(text(external.address4(), external.address6())).isEqualTo(addresses);
    assertThat(text(external.public4(), external.public6())).isEqualTo(announced);
  }

  private static String text(Optional<Ip> v4, Optional<Ip> v6) {
    return (v4.map(Ip::toString).orElse("") + " " + v6.map(Ip::toString).orElse("")).strip();
  }

  private static void assertNone(Selection selection, String reason) {
    assertThat(selection)
        .isInstanceOfSatisfying(
            Selection.None.class, none -> assertThat(none.reasons()).first().isEqualTo(reason));
  }
}
