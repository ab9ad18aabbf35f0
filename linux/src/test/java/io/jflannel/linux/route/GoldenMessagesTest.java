// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Bytes captured from upstream (golden/backends.md G6, backends.md appendix A). The flags lack ACK,
 * which a batch gets on its last message only.
 */
final class GoldenMessagesTest {

  private static final MacAddress MAC = MacAddress.parse("aa:bb:cc:dd:ee:ff");

  @BeforeEach
  void captureIsLittleEndian() {
    Assumptions.assumeTrue(
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "the captures are little endian");
  }

  @Test
  void vxlanInfoDataIsUpstreams() { // G6, v4 default
    Vxlan vxlan = Vxlan.of(1, 2, Ip.parse("10.77.0.2"), 0);
    String message = encode(new Request.AddVxlan("flannel.1", 1450, Optional.of(MAC), vxlan));
    assertThat(message.length() / 2).isEqualTo(192);
    assertThat(message)
        .isEqualTo(
            hex(
                """
                c0000000 1000 0106 2a000000 00000000
                00 00 0000 00000000 00000000 00000000
                0e000300 666c616e6e656c2e31000000
                08000400 aa050000
                08000d00 00000000
                0a000100 aabbccddeeff0000
                74001200
                09000100 76786c616e000000
                64000200
                    08000100 01000000  08000300 02000000  08000400 0a4d0002  05000500 00000000
                    05000600 00000000  05000700 00000000  05000b00 00000000  05000c00 00000000
                    05000d00 00000000  05000e00 00000000  05001300 00000000  05001400 00000000
                """));
  }

  @Test
  void ipv6VxlanHasLocal6AndTheOptionsBehind() { // G6, v6
    Vxlan vxlan = Vxlan.of(77, 2, Ip.parse("fd77::5"), 4789).withLearning(true).withGbp(true);
    String message = encode(new Request.AddVxlan("flannel-v6.77", 1350, Optional.empty(), vxlan));
    assertThat(message)
        .endsWith(
            hex(
                """
                08000100 4d000000  08000300 02000000
                14001100 fd770000000000000000000000000005
                05000500 00000000  05000600 00000000  05000700 01000000  05000b00 00000000
                05000c00 00000000  05000d00 00000000  05000e00 00000000  05001300 00000000
                05001400 00000000  04001700 06000f00 12b50000
                """));
  }

  @Test
  void mtuAndMacAreSentOnlyWhenGiven() { // backends.md 3.2, TXQLEN always
    Vxlan vxlan = Vxlan.of(1, 2, Ip.parse("10.77.0.2"), 0);
    String message = encode(new Request.AddVxlan("flannel.1", 0, Optional.empty(), vxlan));
    assertThat(message)
        .contains(hex("0e000300 666c616e6e656c2e31000000 08000d00 00000000 74001200"));
  }

  @Test
  void vxlanRoute() { // appendix A; G6: 52 bytes, 0x505
    Cidr subnet = Cidr.parse("10.244.2.0/24");
    Route route = Route.onlink(subnet, subnet.ip(), 7);
    assertThat(encode(new Request.ReplaceRoute(route)))
        .isEqualTo(
            hex(
                """
                34000000 1800 0105 2a000000 00000000
                02 18 00 00 fe 03 00 01 04000000
                08000100 0af40200  08000500 0af40200  08000400 07000000
                """));
    Route wanted = route.withProtocol(Route.ANY_PROTOCOL).withType(RouteType.UNSPECIFIED);
    assertThat(encode(new Request.DeleteRoute(wanted)))
        .isEqualTo(
            hex(
                """
                34000000 1900 0100 2a000000 00000000
                02 18 00 00 fe 00 00 00 04000000
                08000100 0af40200  08000500 0af40200  08000400 07000000
                """));
  }

  @Test
  void ipv6VxlanRoute() { // G6: 76 bytes
    Cidr subnet = Cidr.parse("fd00:10:244:2::/64");
    assertThat(encode(new Request.ReplaceRoute(Route.onlink(subnet, subnet.ip(), 7))))
        .isEqualTo(
            hex(
                """
                4c000000 1800 0105 2a000000 00000000
                0a 40 00 00 fe 03 00 01 04000000
                14000100 fd000010024400020000000000000000
                14000500 fd000010024400020000000000000000
                08000400 07000000
                """));
  }

  @Test
  void directAndHostGwRoutes() { // G6: direct 0x505, OIF 0; host-gw 0x605, OIF parent
    Route direct = Route.via(Cidr.parse("10.244.2.0/24"), Ip.parse("10.77.0.2"));
    assertThat(encode(new Request.ReplaceRoute(direct)))
        .isEqualTo(
            hex(
                """
                34000000 1800 0105 2a000000 00000000
                02 18 00 00 fe 03 00 01 00000000
                08000100 0af40200  08000500 0a4d0002  08000400 00000000
                """));
    assertThat(encode(new Request.AddRoute(direct.withLink(3))))
        .startsWith(hex("34000000 1800 0106"))
        .endsWith(hex("08000400 03000000"));
  }

  @Test
  void blackholeRoutes() { // G6: 44 and 56 bytes, type 6, OIF 0
    assertThat(encode(new Request.AddRoute(Route.blackhole(Cidr.parse("10.58.67.0/24")))))
        .isEqualTo(
            hex(
                """
                2c000000 1800 0106 2a000000 00000000
                02 18 00 00 fe 03 00 06 00000000
                08000100 0a3a4300  08000400 00000000
                """));
    String v6 = encode(new Request.AddRoute(Route.blackhole(Cidr.parse("fd57:0:0:22::/64"))));
    assertThat(v6.length() / 2).isEqualTo(56);
  }

  @Test
  void routesByNexthopNameNeitherGatewayNorDevice() {
    Route route = Route.onlink(Cidr.parse("10.244.2.0/24"), Ip.parse("10.244.2.0"), 7);
    assertThat(encode(new Request.AddRoute(route.withNexthop(9))))
        .endsWith(hex("02 18 00 00 fe 03 00 01 00000000 08000100 0af40200 08001e00 09000000"));
  }

  @Test
  void metricSourceAndLargeTables() {
    Route route =
        Route.to(Cidr.parse("0.0.0.0/0"))
            .withLink(4)
            .withMetric(100)
            .withPreferredSource(Ip.parse("10.0.0.1"))
            .withTable(1000);
    assertThat(encode(new Request.AddRoute(route)))
        .endsWith(
            hex(
                """
                02 00 00 00 fc 03 00 01 00000000
                08000400 04000000  08000600 64000000  08000700 0a000001  08000f00 e8030000
                """));
  }

  @Test
  void gatewayOfTheOtherFamily() {
    Route route = Route.via(Cidr.parse("10.0.0.0/8"), Ip.parse("fe80::1"));
    assertThat(encode(new Request.AddRoute(route)))
        .contains(hex("16001200 0a00 fe800000000000000000000000000001 0000 08000400"));
  }

  @Test
  void neighbours() { // G6: 48 and 60 bytes, 0x505, state PERMANENT, type 1
    Neighbour v4 = Neighbour.permanent(7, Ip.parse("10.244.2.0"), MAC);
    assertThat(encode(new Request.PutNeighbour(v4)))
        .isEqualTo(
            hex(
                """
                30000000 1c00 0105 2a000000 00000000
                02 00 0000 07000000 8000 00 01
                08000100 0af40200  0a000200 aabbccddeeff0000
                """));
    assertThat(encode(new Request.DeleteNeighbour(v4)))
        .startsWith(hex("30000000 1d00 0100"))
        .endsWith(hex("8000 00 01 08000100 0af40200 0a000200 aabbccddeeff0000"));
    Neighbour v6 = Neighbour.permanent(7, Ip.parse("fd00::2"), MAC);
    assertThat(encode(new Request.PutNeighbour(v6)).length() / 2).isEqualTo(60);
  }

  @Test
  void fdbEntries() { // appendix A; G6: state PERMANENT, flags SELF, type 0; deletes have state 0
    FdbEntry entry = FdbEntry.permanent(7, MAC, Ip.parse("192.168.0.3"));
    assertThat(encode(new Request.PutFdb(entry)))
        .isEqualTo(
            hex(
                """
                30000000 1c00 0105 2a000000 00000000
                07 00 0000 07000000 8000 02 00
                08000100 c0a80003  0a000200 aabbccddeeff0000
                """));
    assertThat(encode(new Request.DeleteFdb(entry)))
        .startsWith(hex("30000000 1d00 0100"))
        .contains(hex("07 00 0000 07000000 0000 02 00"));
  }

  @Test
  void addresses() { // G6: 40 and 64 bytes, LOCAL before ADDRESS
    LinkAddress v4 = LinkAddress.of(7, Cidr.parse("10.244.1.0/32"));
    assertThat(encode(new Request.AddAddress(v4)))
        .isEqualTo(
            hex(
                """
                28000000 1400 0106 2a000000 00000000
                02 20 00 00 07000000
                08000200 0af40100  08000100 0af40100
                """));
    LinkAddress v6 = LinkAddress.of(7, Cidr.parse("fd00:10:244:1::/128"));
    assertThat(encode(new Request.AddAddress(v6)).length() / 2).isEqualTo(64);
    LinkAddress flagged = new LinkAddress(7, v4.cidr(), Route.LINK, LinkAddress.NOPREFIXROUTE | 2);
    assertThat(encode(new Request.AddAddress(flagged)))
        .contains(hex("02 20 02 fd 07000000"))
        .endsWith(hex("08000800 02020000"));
  }

  @Test
  void linkUpAndMtu() { // G6: NEWLINK up (32), SETLINK mtu (40)
    assertThat(encode(new Request.SetLinkUp(7, true)))
        .isEqualTo(
            hex(
                """
                20000000 1000 0100 2a000000 00000000
                00 00 0000 07000000 01000000 01000000
                """));
    assertThat(encode(new Request.SetLinkUp(7, false))).endsWith(hex("07000000 00000000 01000000"));
    assertThat(encode(new Request.SetLinkMtu(7, 1472)))
        .isEqualTo(
            hex(
                """
                28000000 1300 0100 2a000000 00000000
                00 00 0000 07000000 00000000 00000000
                08000400 c0050000
                """));
  }

  @Test
  void nexthops() {
    Nexthop nexthop = Nexthop.via(Ip.parse("10.244.2.0"), 7, true, Route.BOOT);
    assertThat(encode(new Request.AddNexthop(nexthop)))
        .isEqualTo(
            hex(
                """
                28000000 6800 0106 2a000000 00000000
                02 00 03 00 04000000
                08000500 07000000  08000600 0af40200
                """));
    assertThat(encode(new Request.AddNexthop(nexthop.withId(5))))
        .contains(hex("08000100 05000000"));
    assertThat(encode(new Request.DeleteNexthop(5)))
        .isEqualTo(
            hex("20000000 6900 0100 2a000000 00000000 00 00 00 00 00000000 08000100 05000000"));
  }

  @Test
  void routeLookUp() { // G6: GETROUTE get 0x1, dst_len 32, flags LOOKUP_TABLE
    MessageWriter out = new MessageWriter(1024);
    RouteMessages.lookUp(Ip.parse("10.77.0.2"), out, 42);
    assertThat(hex(out))
        .isEqualTo(
            hex(
                """
                24000000 1a00 0100 2a000000 00000000
                02 20 00 00 00 00 00 00 00100000
                08000100 0a4d0002
                """));
  }

  @Test
  void filteredRouteList() {
    MessageWriter out = new MessageWriter(1024);
    RouteFilter filter = RouteFilter.main(Family.V4).withProtocol(Route.BOOT).withLink(7);
    RouteMessages.list(filter, out, 42);
    assertThat(hex(out)).endsWith(hex("02 00 00 00 fe 03 00 00 00000000 08000400 07000000"));
  }

  @Test
  void namesThatTheKernelRefusesAreRefusedBeforehand() {
    for (String name : new String[] {"", "sixteen-letters-", "nul\0", "ééééééééé"}) {
      assertThatThrownBy(() -> new Request.RenameLink(1, name))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static String encode(Request request) {
    MessageWriter out = new MessageWriter(1024);
    Requests.encode(request, out, 42);
    return hex(out);
  }

  private static String hex(MessageWriter out) {
    return HexFormat.of().formatHex(out.toBytes());
  }

  private static String hex(String spaced) {
    return spaced.replaceAll("\\s", "");
  }
}
