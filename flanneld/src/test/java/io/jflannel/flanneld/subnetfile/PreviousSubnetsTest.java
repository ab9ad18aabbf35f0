// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SF-5, SF-6, and upstream's unit test table of spec 5.4. */
class PreviousSubnetsTest {

  @Test
  void theNetworkOfTheFirstHostAddress() {
    PreviousSubnets previous =
        read(
            """
            FLANNEL_NETWORK=10.5.0.0/16
            FLANNEL_SUBNET=10.5.72.1/24
            FLANNEL_IPV6_NETWORK=2001:cafe:42::/56
            FLANNEL_IPV6_SUBNET=2001:cafe:42:26::1/64
            FLANNEL_MTU=1450
            FLANNEL_IPMASQ=false
            """);

    assertThat(previous.v4()).contains(Cidr.parse("10.5.72.0/24"));
    assertThat(previous.v6()).contains(Cidr.parse("2001:cafe:42:26::/64"));
    assertThat(previous.problems()).isEmpty();
  }

  @Test
  void noFileNoValue() {
    assertThat(PreviousSubnets.of(Optional.empty()).v4()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\n# comment\n  FLANNEL_SUBNET=10.5.72.1/24",
        "export FLANNEL_SUBNET=10.5.72.1/24",
        "FLANNEL_SUBNET: 10.5.72.1/24",
        "FLANNEL_SUBNET = 10.5.72.1/24   ",
        "FLANNEL_SUBNET=\"10.5.72.1/24\"",
        "FLANNEL_SUBNET='10.5.72.1/24' # quoted",
        "FLANNEL_SUBNET=10.5.72.1/24 # trailing comment",
        "FLANNEL_SUBNET=10.5.1.1/24\nFLANNEL_SUBNET=10.5.72.1/24",
        "FLANNEL_SUBNET=not-a-cidr,10.5.72.1/24",
        "FLANNEL_SUBNET= 10.5.72.1/24\r\nX=1",
      })
  void dotenvForms(String text) {
    assertThat(read(text).v4()).contains(Cidr.parse("10.5.72.0/24"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FLANNEL_SUBNET=10.5.72.1/24\ngarbage",
        "FLANNEL_SUBNET=10.5.72.1/24\n=x",
        "FLANNEL_SUBNET=\"10.5.72.1/24",
        "FLANNEL_SUBNET=10.5.72.1/24\nBAD KEY=1",
        "FLANNEL_SUBNET=10.5.72.1/24\n\0\0\0",
      })
  void oneBadLineMakesTheWholeFileUnreadable(String text) {
    PreviousSubnets previous = read(text);

    assertThat(previous.v4()).isEmpty();
    assertThat(previous.problems()).containsExactly("a line is not KEY=value");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FLANNEL_SUBNET=not-a-cidr",
        "FLANNEL_SUBNET=10.5.72.1",
        "FLANNEL_SUBNET=10.5.72.1/33",
        "FLANNEL_SUBNET=fd00::1/64", // ODD-37: upstream crashes
        "FLANNEL_SUBNET=10.5.72.1/24,10.5.73.1/24", // more than one
        "FLANNEL_SUBNET=10.5.72.1/24 ,x", // parts are not trimmed
        "FLANNEL_IPV6_SUBNET=not-a-cidr",
        "FLANNEL_IPV6_SUBNET=10.5.72.1/24",
      })
  void badValuesAreToldAndSkipped(String text) {
    PreviousSubnets previous = read(text);

    assertThat(previous.v4()).isEmpty();
    assertThat(previous.v6()).isEmpty();
    assertThat(previous.problems()).isNotEmpty();
  }

  @Test
  void everythingMeansNone() {
    PreviousSubnets previous = read("FLANNEL_SUBNET=0.0.0.0/0\nFLANNEL_IPV6_SUBNET=::/0\n");

    assertThat(previous).isEqualTo(PreviousSubnets.of(Optional.empty()));
  }

  @Test
  void lists() {
    List<String> problems = new ArrayList<>();

    assertThat(
            PreviousSubnets.list(
                "10.244.1.0/24,not-a-cidr,10.244.2.0/24", Family.V4, "KEY", problems))
        .containsExactly(Cidr.parse("10.244.1.0/24"), Cidr.parse("10.244.2.0/24"));
    assertThat(PreviousSubnets.list("fd00::/64,not-a-cidr,fd01::/64", Family.V6, "KEY", problems))
        .containsExactly(Cidr.parse("fd00::/64"), Cidr.parse("fd01::/64"));
    assertThat(problems).hasSize(2);
  }

  private static PreviousSubnets read(String text) {
    return PreviousSubnets.of(Optional.of(text));
  }
}
