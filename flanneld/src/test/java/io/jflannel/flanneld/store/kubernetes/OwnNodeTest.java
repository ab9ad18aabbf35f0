// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.VtepMac;
import io.jflannel.flanneld.store.kubernetes.OwnNode.Verdict;
import io.jflannel.json.Json;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** 8.6 and golden/kubernetes.md, parts 1 to 3. */
class OwnNodeTest {

  private static final String DATA = "{\"VNI\":1,\"VtepMAC\":\"8e:8d:7e:33:20:e2\"}";
  private static final String DATA_V6 = "{\"VNI\":1,\"VtepMAC\":\"d6:68:01:f1:fd:9b\"}";
  private static final AnnotationKeys KEYS = AnnotationKeys.under("flannel.alpha.coreos.com");
  private static final NetworkConfig V4 =
      NetworkConfigParser.parseNetworks("{\"Network\":\"10.244.0.0/16\"}");
  private static final NetworkConfig DUAL =
      NetworkConfigParser.parseNetworks(
          "{\"Network\":\"10.244.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/56\"}");
  private static final NetworkConfig V6 =
      NetworkConfigParser.parseNetworks(
          "{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/56\"}");

  private static OwnAttributes wants(String type, String ip, String ipv6, String data, String v6) {
    LeaseAttributes attributes =
        new LeaseAttributes(
            given(ip).map(Ip::parse),
            given(ipv6).map(Ip::parse),
            type,
            given(data).map(Json::parse),
            given(v6).map(Json::parse));
    return published -> attributes;
  }

  private static Optional<String> given(String text) {
    return Optional.of(text).filter(t -> !t.isEmpty());
  }

  private static TestNode node() {
    return new TestNode("node1").cidrs("10.244.1.0/24");
  }

  private static String patch(NetworkConfig config, TestNode node, OwnAttributes wanted) {
    return new OwnNode(config, KEYS).judge(node.facts(), wanted) instanceof Verdict.Publish publish
        ? OwnNodeKeeper.patch(publish.changes())
        : "none";
  }

  private static String wait(NetworkConfig config, TestNode node, OwnAttributes wanted) {
    return new OwnNode(config, KEYS).judge(node.facts(), wanted) instanceof Verdict.Wait wait
        ? wait.reason()
        : "publishes";
  }

  private static String annotations(String inside) {
    return "{\"metadata\":{\"annotations\":{"
        + inside.replace("F/", "flannel.alpha.coreos.com/")
        + "}}}";
  }

  @Test
  void vxlan() { // golden, part 2, request 5: byte for byte
    assertThat(patch(V4, node(), wants("vxlan", "192.168.50.11", "", DATA, "")))
        .isEqualTo(
            annotations(
                "\"F/backend-data\":\"{\\\"VNI\\\":1,\\\"VtepMAC\\\":\\\"8e:8d:7e:33:20:e2\\\"}\","
                    + "\"F/backend-type\":\"vxlan\",\"F/kube-subnet-manager\":\"true\","
                    + "\"F/public-ip\":\"192.168.50.11\""));
  }

  @Test
  void hostGw() { // golden, part 2, "Patch 5, other cases"
    assertThat(patch(V4, node(), wants("host-gw", "192.168.50.11", "", "", "")))
        .isEqualTo(
            annotations(
                "\"F/backend-data\":\"null\",\"F/backend-type\":\"host-gw\","
                    + "\"F/kube-subnet-manager\":\"true\",\"F/public-ip\":\"192.168.50.11\""));
  }

  @Test
  void udpHasAnEmptyType() {
    assertThat(patch(V4, node(), wants("", "192.168.50.11", "", "", "")))
        .isEqualTo(
            annotations(
                "\"F/backend-data\":\"null\",\"F/backend-type\":\"\","
                    + "\"F/kube-subnet-manager\":\"true\",\"F/public-ip\":\"192.168.50.11\""));
  }

  @Test
  void dualStackWithIpv6First() { // ODD-71: nothing but annotations
    TestNode node = node().cidrs("fd00:10:244:1::/64", "10.244.1.0/24");

    assertThat(patch(DUAL, node, wants("vxlan", "192.168.50.11", "fd50::11", DATA, DATA_V6)))
        .startsWith("{\"metadata\":{\"annotations\":{\"flannel.alpha.coreos.com/backend-data\":")
        .contains("backend-v6-data", "\"flannel.alpha.coreos.com/public-ipv6\":\"fd50::11\"")
        .doesNotContain("spec");
  }

  @ParameterizedTest // golden, part 1
  @CsvSource({
    "vxlan, no public-ip, no backend-data",
    "host-gw, '\"F/public-ip\":\"0.0.0.0\"', '\"F/backend-data\":\"null\"'",
  })
  void ipv6Alone(String type, String publicIp, String data) {
    TestNode node = node().cidrs("fd00:10:244:1::/64");
    boolean vxlan = type.equals("vxlan");
    String patch =
        patch(V6, node, wants(type, "", "fd50::11", "", vxlan ? DATA_V6 : ""))
            .replace("flannel.alpha.coreos.com/", "F/");

    assertThat(patch).contains("\"F/public-ipv6\":\"fd50::11\"", "F/backend-v6-data");
    if (vxlan) {
      assertThat(patch).doesNotContain("\"F/public-ip\":", "\"F/backend-data\":");
    } else {
      assertThat(patch).contains(publicIp, data, "\"F/backend-v6-data\":\"null\"");
    }
  }

  @Test
  void nothingIsSentWhenAllIsRight() { // ODD-71
    TestNode node =
        node()
            .with(Annotation.DATA, "null")
            .with(Annotation.TYPE, "host-gw")
            .with(Annotation.MANAGED, "true")
            .with(Annotation.IP_OVERWRITE, "172.18.0.2")
            .with(Annotation.IP, "172.18.0.2");

    assertThat(patch(V4, node, wants("host-gw", "192.168.50.11", "", "", "")))
        .isEqualTo("{\"metadata\":{\"annotations\":{}}}");
  }

  @Test
  void anOverwriteIsPublished() {
    TestNode node =
        node().with(Annotation.IP_OVERWRITE, "172.18.0.2").with(Annotation.NODE_IP, "9.9.9.9");
    OwnAttributes wanted = wants("host-gw", "203.0.113.5", "", "", "");

    assertThat(patch(V4, node, wanted)).contains("public-ip\":\"172.18.0.2\"");
    assertThat(
            ((Verdict.Publish) new OwnNode(V4, KEYS).judge(node.facts(), wanted))
                .lease()
                .attributes()
                .publicIp())
        .contains(Ip.parse("203.0.113.5")); // the lease keeps the own one
  }

  @ParameterizedTest
  @CsvSource({"hello", "2001:db8::7"})
  void aBadOverwriteIsRefusedByName(String text) { // ODD-69
    assertThat(
            wait(
                V4,
                node().with(Annotation.IP_OVERWRITE, text),
                wants("host-gw", "203.0.113.5", "", "", "")))
        .contains("node1", "flannel.alpha.coreos.com/public-ip-overwrite", text);
  }

  @Test
  void waitsForAPodCidr() { // ODD-53, P15
    OwnAttributes wanted = wants("vxlan", "192.168.50.11", "fd50::11", DATA, DATA_V6);

    assertThat(wait(V4, node().cidrs(), wanted)).contains("node1 has no IPv4 pod CIDR");
    assertThat(wait(DUAL, node(), wanted)).contains("node1 has no IPv6 pod CIDR"); // ODD-25
    assertThat(wait(V4, node().cidrs("fc00::/64"), wanted)).contains("no IPv4 pod CIDR");
  }

  @Test
  void publishesNothingOutsideTheNetwork() { // ODD-68
    assertThat(
            wait(V4, node().cidrs("192.168.0.0/24"), wants("vxlan", "192.168.50.11", "", DATA, "")))
        .isEqualTo(
            "pod CIDR 192.168.0.0/24 of node node1 is not inside Network 10.244.0.0/16 of the"
                + " network configuration");
  }

  @ParameterizedTest // golden, part 5: what is stored is kept, in any form of JSON (ODD-30)
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"VNI\":1,\"VtepMAC\":\"0a:0b:0c:0d:0e:0f\"} | true",
        "{\"VtepMAC\":\"0a:0b:0c:0d:0e:0f\",\"VNI\":1} | true",
        "{\"VNI\":1,\"VtepMAC\": \"0a:0b:0c:0d:0e:0f\"} | true",
        "null | false",
        "{\"VNI\":1,\"VtepMAC\":\"zz\"} | false",
        "{ | false",
      })
  void aStoredMacIsHandedOn(String stored, boolean used) {
    TestNode node = node().with(Annotation.TYPE, "vxlan").with(Annotation.DATA, stored);

    assertThat(knowsMac(V4, node, Family.V4)).isEqualTo(used);
  }

  @Test // KUB-13 reads the family's data and nothing else
  void aStoredMacSurvivesWhatElseIsWrong() {
    TestNode node =
        node()
            .cidrs("10.244.1.0/24", "fd00:10:244:1::/64")
            .with(Annotation.TYPE, "vxlan")
            .with(Annotation.DATA, DATA)
            .with(Annotation.IP, "hello")
            .with(Annotation.DATA_V6, "{");

    assertThat(knowsMac(DUAL, node, Family.V4)).isTrue();
    assertThat(knowsMac(DUAL, node, Family.V6)).isFalse();
  }

  private static boolean knowsMac(NetworkConfig config, TestNode node, Family family) {
    List<LeaseAttributes> seen = new ArrayList<>();
    OwnAttributes wanted =
        published -> {
          published.ifPresent(seen::add);
          return wants("vxlan", "192.168.50.11", "", DATA, "").given(published);
        };
    new OwnNode(config, KEYS).judge(node.facts(), wanted);
    return seen.stream().anyMatch(lease -> VtepMac.of(lease, family).known().isPresent());
  }

  @Test
  void theConditionIsGoldens() { // KUB-11, byte for byte
    Instant now = Instant.parse("2026-11-22T13:29:07.123Z");

    assertThat(NetworkCondition.patch(node().facts(), now))
        .isEqualTo(
            "{\"status\":{\"conditions\":[{\"type\":\"NetworkUnavailable\",\"status\":\"False\","
                + "\"lastHeartbeatTime\":\"2026-11-22T13:29:07Z\","
                + "\"lastTransitionTime\":\"2026-11-22T13:29:07Z\","
                + "\"reason\":\"FlannelIsUp\",\"message\":\"Flannel is running on this node\"}]}}");
    assertThat(
            NetworkCondition.patch(node().condition("False", "2025-01-01T00:00:00Z").facts(), now))
        .contains("\"lastTransitionTime\":\"2025-01-01T00:00:00Z\""); // ODD-70
    assertThat(
            NetworkCondition.patch(node().condition("True", "2025-01-01T00:00:00Z").facts(), now))
        .contains("\"lastTransitionTime\":\"2026-11-22T13:29:07Z\"");
  }
}
