// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.json.JsonException;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseTextTest {

  @ParameterizedTest
  @ValueSource(
      strings = { // golden part 3: every value upstream was seen to write
        "{\"PublicIP\":\"10.77.0.1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"22:47:8e:8f:4f:56\"}}",
        "{\"PublicIP\":\"0.0.0.0\",\"PublicIPv6\":\"fd77::1\",\"BackendType\":\"vxlan\",\"BackendV6Data\":{\"VNI\":1,\"VtepMAC\":\"62:76:77:95:49:e7\"}}",
        "{\"PublicIP\":\"10.77.0.1\",\"PublicIPv6\":\"fd77::1\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"d6:2b:0f:f1:37:be\"},\"BackendV6Data\":{\"VNI\":1,\"VtepMAC\":\"66:5d:cb:d7:f7:68\"}}",
        "{\"PublicIP\":\"10.77.0.1\",\"PublicIPv6\":null,\"BackendType\":\"host-gw\"}",
        "{\"PublicIP\":\"0.0.0.0\",\"PublicIPv6\":\"fd77::1\",\"BackendType\":\"host-gw\"}",
        "{\"PublicIP\":\"10.77.0.1\",\"PublicIPv6\":null}",
        "{\"PublicIP\":\"10.77.0.1\",\"PublicIPv6\":null,\"BackendType\":\"extension\",\"BackendData\":\"hello\"}",
        "{\"PublicIP\":\"1.2.3.4\",\"PublicIPv6\":null}" // ETC-3, UT
      })
  void valuesOfTheV3StoreRoundTrip(String value) {
    assertThat(LeaseText.write(LeaseText.read(value), LeaseText.Form.V3)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = { // golden part 4
        "{\"PublicIP\":\"10.77.0.3\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":\"d2:91:06:66:67:3a\"}}",
        "{\"PublicIP\":\"10.77.0.3\",\"BackendType\":\"host-gw\"}",
        "{\"PublicIP\":\"10.77.0.3\"}"
      })
  void valuesOfTheV2StoreRoundTrip(String value) {
    assertThat(LeaseText.write(LeaseText.read(value), LeaseText.Form.V2)).isEqualTo(value);
  }

  @Test
  void theV2FormHasNoVni() { // golden part 4
    String value =
        "{\"PublicIP\":\"10.77.0.3\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":7,\"VtepMAC\":\"d2:91:06:66:67:3a\"}}";
    assertThat(LeaseText.write(LeaseText.read(value), LeaseText.Form.V2))
        .isEqualTo(
            "{\"PublicIP\":\"10.77.0.3\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":\"d2:91:06:66:67:3a\"}}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = { // ETC-4
        "{}",
        "null",
        " {\"unknown\":[1,{\"x\":null}]} ",
        "{\"PublicIPv6\":null}",
        "{\"PublicIP\":\"0.0.0.0\"}",
        "{\"BackendType\":null,\"BackendData\":null}"
      })
  void valuesThatSayNothingAreValid(String value) {
    assertThat(LeaseText.read(value))
        .isEqualTo(
            new LeaseAttributes(
                Optional.empty(), Optional.empty(), "", Optional.empty(), Optional.empty()));
  }

  @Test
  void keysAreReadInAnyCaseAndTheLastOfTwoWins() { // ETC-4, NET-1
    LeaseAttributes read =
        LeaseText.read(
            "{\"publicip\":\"1.1.1.1\",\"PUBLICIP\":\"1.2.3.4\",\"publicIPV6\":\"fd00::1\",\"backendtype\":\"vxlan\",\"extra\":1}");
    assertThat(read.publicIp()).contains(Ip.parse("1.2.3.4"));
    assertThat(read.publicIpv6()).contains(Ip.parse("fd00::1"));
    assertThat(read.backendType()).isEqualTo("vxlan");
  }

  @ParameterizedTest
  @ValueSource(
      strings = { // ETC-4, ODD-9
        "",
        "notjson",
        "[]",
        "\"text\"",
        "7",
        "{} {}",
        "{\"PublicIP\":\"1.2.3.4\"",
        "{\"PublicIP\":null}",
        "{\"PublicIP\":7}",
        "{\"PublicIP\":\"\"}",
        "{\"PublicIP\":\"1.2.3\"}",
        "{\"PublicIP\":\"1.2.3.04\"}",
        "{\"PublicIP\":\"fd00::1\"}",
        "{\"PublicIPv6\":\"\"}",
        "{\"PublicIPv6\":\"1.2.3.4\"}",
        "{\"PublicIPv6\":\"::ffff:1.2.3.4\"}",
        "{\"PublicIPv6\":{}}",
        "{\"BackendType\":7}"
      })
  void valuesThatAreNoneAreRefusedWithAReason(String value) {
    assertThatThrownBy(() -> LeaseText.read(value))
        .isInstanceOf(JsonException.class)
        .hasMessageMatching("(?s).{8,}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"0a:1b:2c:3d:4e:5f\"",
        "\"0A:1B:2C:3D:4E:5F\"",
        "\"0a-1b-2c-3d-4e-5f\"",
        "\"0a1b.2c3d.4e5f\""
      })
  void aVtepMacIsReadInAllForms(String mac) { // backends.md 3.3
    assertThat(vtep("{\"VtepMAC\":" + mac + "}"))
        .isEqualTo(new VtepMac.Known(MacAddress.parse("0a:1b:2c:3d:4e:5f")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"VNI\":1}", "{\"VtepMAC\":\"\"}", "{\"VtepMAC\":null}", "null"})
  void aMissingVtepMacIsWaitedFor(String data) { // B53
    assertThat(vtep(data)).isEqualTo(new VtepMac.Absent());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"VtepMAC\":\"00:00:00:00:00:00\"}",
        "{\"VtepMAC\":\"01:00:5e:00:00:01\"}",
        "{\"VtepMAC\":\"ff:ff:ff:ff:ff:ff\"}",
        "{\"VtepMAC\":\"0a:1b:2c:3d:4e\"}",
        "{\"VtepMAC\":\"0a:1b:2c:3d:4e:5g\"}",
        "{\"VtepMAC\":\"0a:1b-2c:3d-4e:5f\"}",
        "{\"VtepMAC\":7}",
        "[]",
        "\"0a:1b:2c:3d:4e:5f\""
      })
  void aBadVtepMacIsNamed(String data) {
    assertThat(vtep(data)).isInstanceOf(VtepMac.Bad.class);
  }

  private static VtepMac vtep(String data) {
    LeaseAttributes attributes =
        LeaseText.read(
            "{\"PublicIP\":\"1.2.3.4\",\"BackendType\":\"vxlan\",\"BackendData\":" + data + "}");
    return VtepMac.of(attributes, Family.V4);
  }
}
