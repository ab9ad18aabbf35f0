// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** KUB-6, KUB-7, ODD-27, ODD-54. */
class NodeLeasesTest {

  private static final NetworkConfig V4 =
      NetworkConfigParser.parseNetworks("{\"Network\":\"10.244.0.0/16\"}");
  private static final NetworkConfig DUAL =
      NetworkConfigParser.parseNetworks(
          "{\"Network\":\"10.244.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/56\"}");
  private static final AnnotationKeys KEYS = AnnotationKeys.under("flannel.alpha.coreos.com");

  private static Optional<Candidate> candidate(NetworkConfig config, NodeFacts node) {
    return new NodeLeases(config, KEYS).candidate(node);
  }

  private static TestNode vxlan() {
    return new TestNode("node2")
        .cidrs("10.244.2.0/24")
        .with(Annotation.MANAGED, "true")
        .with(Annotation.TYPE, "vxlan")
        .with(Annotation.IP, "192.168.50.12")
        .with(Annotation.DATA, "{\"VNI\":1,\"VtepMAC\":\"8e:8d:7e:33:20:e2\"}");
  }

  @Test
  void aNodeIsALease() {
    assertThat(candidate(V4, vxlan().facts()))
        .containsInstanceOf(Candidate.Parsed.class)
        .hasValueSatisfying(found -> {
          Candidate.Parsed lease = (Candidate.Parsed) found;
          assertThat(lease.name()).isEqualTo("node2");
          assertThat(lease.subnets().v4()).contains(Cidr.parse("10.244.2.0/24"));
          assertThat(lease.attributes().publicIp()).contains(Ip.parse("192.168.50.12"));
          assertThat(lease.vtepV4().known()).isPresent();
        });
  }

  @ParameterizedTest // only exactly "true" takes part
  @CsvSource({"TRUE", "1", "false", "''", "' true'"})
  void othersTakeNoPart(String value) {
    assertThat(candidate(V4, vxlan().with(Annotation.MANAGED, value).facts())).isEmpty();
  }

  @Test
  void whoLosesTheAnnotationLosesTheLease() { // ODD-27
    assertThat(candidate(V4, vxlan().without(Annotation.MANAGED).facts())).isEmpty();
  }

  @Test
  void noPodCidrOfOurFamiliesIsNoLease() { // KUB-6, upstream's fuzz seed
    for (List<String> cidrs : List.of(List.<String>of(), List.of("fc00::/64"))) {
      assertThat(candidate(V4, vxlan().cidrs(cidrs).facts()))
          .containsInstanceOf(Candidate.Stray.class);
    }
    assertThat(candidate(V4, vxlan().cidrs("300.1.2.3/24").facts()))
        .containsInstanceOf(Candidate.Stray.class);
  }

  @Test
  void theFirstOfAFamilyCounts() { // ODD-54
    assertThat(
            candidate(V4, vxlan().cidrs("10.244.7.9/24", "10.244.8.0/24").facts())
                .flatMap(Candidate::blocks)
                .orElseThrow()
                .v4())
        .contains(Cidr.parse("10.244.7.0/24"));
  }

  @Test
  void dualStackHasBoth() {
    NodeFacts node =
        vxlan()
            .cidrs("fd00:10:244:2::/64", "10.244.2.0/24")
            .with(Annotation.IPV6, "fd50::12")
            .with(Annotation.DATA_V6, "{\"VNI\":1,\"VtepMAC\":\"d6:68:01:f1:fd:9b\"}")
            .facts();

    Candidate.Parsed lease = (Candidate.Parsed) candidate(DUAL, node).orElseThrow();

    assertThat(lease.subnets().toString()).isEqualTo("10.244.2.0/24 fd00:10:244:2::/64");
    assertThat(lease.attributes().publicIp(Family.V6)).contains(Ip.parse("fd50::12"));
    assertThat(lease.vtep(Family.V6).known()).isPresent();
  }

  @ParameterizedTest // the kernel keeps what it has, as with upstream
  @CsvSource({
    "IP, hello, annotation flannel.alpha.coreos.com/public-ip \"hello\" is no address",
    "IP, fd50::12, annotation flannel.alpha.coreos.com/public-ip \"fd50::12\" is no IPv4 address",
    "IP, , annotation flannel.alpha.coreos.com/public-ip is missing",
    "DATA, {, annotation flannel.alpha.coreos.com/backend-data",
    "DATA, , annotation flannel.alpha.coreos.com/backend-data is missing",
    "DATA, null, annotation flannel.alpha.coreos.com/backend-data is missing",
  })
  void whatCannotBeReadIsKept(Annotation annotation, String text, String reason) {
    TestNode node = vxlan();
    NodeFacts facts =
        (text == null ? node.without(annotation) : node.with(annotation, text)).facts();

    assertThat(candidate(V4, facts))
        .containsInstanceOf(Candidate.Unreadable.class)
        .hasValueSatisfying(
            found -> assertThat(((Candidate.Unreadable) found).reason()).startsWith(reason));
  }

  private static TestNode dual() {
    return vxlan()
        .cidrs("10.244.2.0/24", "fd00:10:244:2::/64")
        .with(Annotation.IPV6, "fd50::12")
        .with(Annotation.DATA_V6, "{\"VNI\":1,\"VtepMAC\":\"d6:68:01:f1:fd:9b\"}");
  }

  @ParameterizedTest // B40
  @CsvSource({
    "DATA_V6, {, backend-v6-data, 10.244.2.0/24",
    "DATA_V6, , backend-v6-data is missing, 10.244.2.0/24",
    "IPV6, hello, public-ipv6 \"hello\" is no address, 10.244.2.0/24",
    "IPV6, , public-ipv6 is missing, 10.244.2.0/24",
    "DATA, {, backend-data, fd00:10:244:2::/64",
    "IP, hello, public-ip \"hello\" is no address, fd00:10:244:2::/64",
  })
  void oneFamilyThatCannotBeReadLeavesTheOther(
      Annotation annotation, String text, String reason, String rest) {
    TestNode node = dual();
    NodeFacts facts =
        (text == null ? node.without(annotation) : node.with(annotation, text)).facts();

    Candidate.Unreadable found = (Candidate.Unreadable) candidate(DUAL, facts).orElseThrow();

    assertThat(found.reason()).startsWith("annotation flannel.alpha.coreos.com/" + reason);
    assertThat(found.subnets()).hasToString("10.244.2.0/24 fd00:10:244:2::/64");
    assertThat(found.rest())
        .hasValueSatisfying(half -> assertThat(half.subnets()).hasToString(rest));
  }

  @Test // left over from the time when the network was dual stack
  void whatANodeSaysOfAFamilyThatIsOffIsNobodysBusiness() {
    NodeFacts node = dual().with(Annotation.DATA_V6, "{").with(Annotation.IPV6, "x").facts();

    Candidate.Parsed lease = (Candidate.Parsed) candidate(V4, node).orElseThrow();

    assertThat(lease.subnets()).hasToString("10.244.2.0/24");
    assertThat(candidate(V4, dual().facts())).as("readable or not").contains(lease);
  }

  @Test
  void hugeDataIsRefused() {
    NodeFacts node = vxlan().with(Annotation.DATA, "\"" + "x".repeat(2_000)).facts();

    assertThat(candidate(V4, node)).containsInstanceOf(Candidate.Unreadable.class);
  }

  @Test
  void hostGwHasNoData() {
    NodeFacts node = vxlan().with(Annotation.TYPE, "host-gw").with(Annotation.DATA, "null").facts();

    Candidate.Parsed lease = (Candidate.Parsed) candidate(V4, node).orElseThrow();

    assertThat(lease.attributes().backendData()).isEmpty();
    assertThat(lease.attributes().backendType()).isEqualTo("host-gw");
  }
}
