// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.net.Cidr;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlannelEnvTest {

  private static final String V4 =
      "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.17.1/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=true\n";

  @Test
  void v4() { // CNI/17.2
    assertThat(parse(V4))
        .isEqualTo(
            new FlannelEnv(
                List.of(Cidr.parse("10.1.0.0/16")),
                List.of(),
                Optional.of(Cidr.parse("10.1.17.0/24")),
                Optional.empty(),
                1472,
                true));
  }

  @Test
  void dual() { // CNI/17.2
    FlannelEnv env = parse(V4 + "FLANNEL_IPV6_NETWORK=fc00::/48\nFLANNEL_IPV6_SUBNET=fc00::1/64");

    assertThat(env.networks6()).containsExactly(Cidr.parse("fc00::/48"));
    assertThat(env.subnet6()).contains(Cidr.parse("fc00::/64"));
  }

  @Test
  void networksAreReducedAndUnique() { // CNI/17.2
    assertThat(parse(V4 + "FLANNEL_NETWORK=10.1.2.3/16,192.168.0.0/16,10.1.0.0/16").networks4())
        .containsExactly(Cidr.parse("10.1.0.0/16"), Cidr.parse("192.168.0.0/16"));
  }

  @Test
  void laterLinesWinAndUnknownOnesAreIgnored() { // CNI/17.2
    assertThat(parse("foo\nFLANNEL_MTU=1\n" + V4 + "x=y\nFLANNEL_MTU=1400\nFLANNEL_MTUS=7").mtu())
        .isEqualTo(1400);
  }

  @Test
  void blanksAndCarriageReturnsAreTolerated() { // B46
    assertThat(parse(" " + V4.replace("\n", " \r\n").replace("=", " = "))).isEqualTo(parse(V4));
  }

  @ParameterizedTest
  @CsvSource({"true,true", "false,false", "TRUE,false", "1,false", "'',false", "yes,false"})
  void ipMasqIsTrueForExactlyTrue(String value, boolean expected) { // CNI/17.2
    assertThat(parse(V4 + "FLANNEL_IPMASQ=" + value).ipMasq()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"0,0", "1450,1450", "4294967295,4294967295"})
  void mtuIsUnsigned(String value, long expected) { // CNI/17.2
    assertThat(parse(V4 + "FLANNEL_MTU=" + value).mtu()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FLANNEL_MTU=",
        "FLANNEL_MTU=-1",
        "FLANNEL_MTU=4294967296",
        "FLANNEL_MTU=1e3",
        "FLANNEL_MTU=+5",
        "FLANNEL_MTU=99999999999999999999",
        "FLANNEL_NETWORK=",
        "FLANNEL_NETWORK=10.1.0.0",
        "FLANNEL_NETWORK=10.1.0.0/16,",
        "FLANNEL_NETWORK=10.1.0.0/33",
        "FLANNEL_SUBNET=",
        "FLANNEL_SUBNET=10.1.17.1/24,10.1.18.1/24",
        "FLANNEL_SUBNET=10.1.017.1/24",
        "FLANNEL_IPV6_SUBNET=fc00::1",
        "FLANNEL_IPV6_NETWORK=fc00::/129"
      })
  void badValuesAreNamed(String line) { // CNI/17.2
    assertThatThrownBy(() -> parse(V4 + line))
        .isInstanceOf(CniException.class)
        .hasMessageStartingWith("/run/x: " + line.substring(0, line.indexOf('=')) + ": ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FLANNEL_NETWORK",
        "FLANNEL_IPV6_NETWORK",
        "FLANNEL_SUBNET",
        "FLANNEL_IPV6_SUBNET",
        "FLANNEL_MTU",
        "FLANNEL_IPMASQ"
      })
  void aKnownKeyWithoutAValueIsAnError(String key) { // B46
    assertThatThrownBy(() -> parse(V4 + key))
        .hasMessage("/run/x: " + key + ": lacks = and a value");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "foo=bar|FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET, FLANNEL_MTU, FLANNEL_IPMASQ",
        "FLANNEL_IPV6_NETWORK=fc00::/48|FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET, FLANNEL_MTU, FLANNEL_IPMASQ",
        "FLANNEL_SUBNET=10.1.17.1/24|FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_MTU, FLANNEL_IPMASQ",
        "FLANNEL_MTU=1|FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET, FLANNEL_IPMASQ"
      })
  void whatIsMissingIsListedInOrder(String text, String missing) { // CNI/17.2, C7
    assertThatThrownBy(() -> parse(text)).hasMessage("/run/x is missing " + missing);
  }

  static FlannelEnv parse(String text) {
    return FlannelEnv.parse("/run/x", text);
  }
}
