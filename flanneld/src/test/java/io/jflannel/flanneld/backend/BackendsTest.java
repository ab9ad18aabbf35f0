// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import static io.jflannel.flanneld.backend.Samples.DUAL;
import static io.jflannel.flanneld.backend.Samples.V4;
import static io.jflannel.flanneld.backend.Samples.V6;
import static io.jflannel.flanneld.backend.Samples.config;
import static io.jflannel.flanneld.backend.Samples.external;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Ip;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BackendsTest {

  @ParameterizedTest
  @ValueSource(strings = {"vxlan", "VXLAN", "VxLan"}) // backends.md 1.1
  void theLetterCaseOfTheTypeDoesNotMatter(String type) {
    assertThat(
            Backends.of(config(V4, "{\"Type\":\"" + type + "\"}"), external(), _ -> "flannel0")
                .type())
        .isEqualTo("vxlan");
  }

  @Test
  void anUnknownTypeIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(
            () -> Backends.of(config(V4, "{\"Type\":\"foo\"}"), external(), _ -> "flannel0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("unknown backend type: \"foo\"")
        .hasMessageContaining("vxlan, host-gw");
  }

  @ParameterizedTest
  @ValueSource(strings = {"IPIP", "wireguard", "ipsec", "extension", "alloc", "tencent-vpc"})
  void aTypeThatComesLaterIsRefusedAsSuch(String type) {
    assertThatThrownBy(() ->
            Backends.of(config(V4, "{\"Type\":\"" + type + "\"}"), external(), _ -> "flannel0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(type)
        .hasMessageContaining("not available yet");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "`{\"Type\":\"vxlan\",\"VNI\":-1}`,VNI,-1",
        "`{\"Type\":\"vxlan\",\"VNI\":16777216}`,VNI,16777216",
        "`{\"Type\":\"vxlan\",\"VNI\":\"5\"}`,VNI,5",
        "`{\"Type\":\"vxlan\",\"VNI\":1.0}`,VNI,1.0",
        "`{\"Type\":\"vxlan\",\"Port\":70000}`,Port,70000",
        "`{\"Type\":\"vxlan\",\"Port\":-1}`,Port,-1",
        "`{\"Type\":\"vxlan\",\"MTU\":0}`,MTU,0",
        "`{\"Type\":\"vxlan\",\"MTU\":117}`,MTU,117",
        "`{\"Type\":\"vxlan\",\"GBP\":\"true\"}`,GBP,true",
        "`{\"Type\":\"vxlan\",\"Learning\":1}`,Learning,1",
        "`{\"Type\":\"vxlan\",\"DirectRouting\":0}`,DirectRouting,0"
      }) // backends.md 1.2, B34, B54
  void aWrongVxlanFieldIsNamedWithItsValue(String json, String field, String value) {
    assertThatThrownBy(() -> Backends.of(config(V4, json), external(), _ -> "flannel0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Backend." + field)
        .hasMessageContaining(value)
        .hasMessageContaining("must be");
  }

  @Test
  void ipv6NeedsAnMtuThatLeaves1280() {
    String tooSmall = "{\"Type\":\"vxlan\",\"MTU\":1349}";
    assertThatThrownBy(() -> Backends.of(config(DUAL, tooSmall), external(), _ -> "flannel0"))
        .hasMessageContaining("MTU")
        .hasMessageContaining("1350");
    Backend least =
        Backends.of(config(DUAL, "{\"Type\":\"vxlan\",\"MTU\":1350}"), external(), _ -> "flannel0");
    assertThat(least.mtu(external())).isEqualTo(1280);
  }

  @Test // backends.md 2.2, B33
  void theMtuTakesOffTheRealOverhead() {
    String vxlan = "{\"type\":\"vxlan\"}";
    assertThat(Backends.of(config(V4, vxlan), external(), _ -> "flannel0").mtu(external()))
        .isEqualTo(1450);
    assertThat(Backends.of(config(DUAL, vxlan), external(), _ -> "flannel0").mtu(external()))
        .isEqualTo(1430);
    assertThat(Backends.of(config(V6, vxlan), external(), _ -> "flannel0").mtu(external()))
        .isEqualTo(1430);
    String smaller = "{\"Type\":\"vxlan\",\"mtu\":1400,\"MacPrefix\":\"0E-2A\",\"Name\":7}";
    assertThat(Backends.of(config(V4, smaller), external(), _ -> "flannel0").mtu(external()))
        .isEqualTo(1350);
    String hostGw = "{\"Type\":\"host-gw\"}";
    assertThat(Backends.of(config(DUAL, hostGw), external(), _ -> "flannel0").mtu(external()))
        .isEqualTo(1500);
  }

  @ParameterizedTest
  @CsvSource({
    "1,flannel.1,flannel-v6.1",
    "0,flannel.0,flannel-v6.0",
    "9999,flannel.9999,flannel-v6.9999",
    "10000,flannel.10000,fl-v6.10000",
    "9999999,flannel.9999999,fl-v6.9999999",
    "10000000,fl.10000000,fl-v6.10000000",
    "16777215,fl.16777215,fl-v6.16777215"
  }) // backends.md 3.2
  void deviceNamesFitTheKernel(int vni, String v4, String v6) {
    var backend =
        Backends.of(
            config(DUAL, "{\"Type\":\"vxlan\",\"VNI\":" + vni + "}"), external(), _ -> "flannel0");
    assertThat(backend.devices()).isEqualTo(new Backend.Devices(Optional.of(v4), Optional.of(v6)));
    assertThat(v4.length()).isLessThanOrEqualTo(15);
    assertThat(v6.length()).isLessThanOrEqualTo(15);
  }

  @Test
  void aFamilyThatIsOffHasNoDevice() {
    String vxlan = "{\"Type\":\"vxlan\"}";
    assertThat(Backends.of(config(V4, vxlan), external(), _ -> "flannel0").devices().v6())
        .isEmpty();
    assertThat(Backends.of(config(V6, vxlan), external(), _ -> "flannel0").devices().v4())
        .isEmpty();
  }

  @Test // backends.md 4.2, B42
  void hostGwRefusesNatForEachFamilyInUse() {
    ExternalInterface plain = external();
    Optional<Ip> elsewhere = Optional.of(Ip.parse("198.51.100.7"));
    Optional<Ip> elsewhere6 = Optional.of(Ip.parse("2001:db8::7"));
    var nat4 =
        new ExternalInterface(
            "eth0", 2, 1500, plain.address4(), plain.address6(), elsewhere, plain.public6());
    var nat6 =
        new ExternalInterface(
            "eth0", 2, 1500, plain.address4(), plain.address6(), plain.public4(), elsewhere6);
    String hostGw = "{\"Type\":\"host-gw\"}";
    assertThatThrownBy(() -> Backends.of(config(V4, hostGw), nat4, _ -> "flannel0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("198.51.100.7")
        .hasMessageContaining("10.77.0.1");
    assertThatThrownBy(() -> Backends.of(config(DUAL, hostGw), nat6, _ -> "flannel0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("2001:db8::7");
    assertThat(Backends.of(config(V4, hostGw), nat6, _ -> "flannel0").type()).isEqualTo("host-gw");
  }
}
