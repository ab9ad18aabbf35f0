// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Spec control-plane.md section 0 and backends.md 16.3. */
final class CidrTest {

  @ParameterizedTest
  @CsvSource({
    "1.2.3.0/24, 1.2.3.0/24, true", // I6
    "1.2.3.0/24, 1.2.0.0/16, true",
    "1.2.3.0/24, 1.2.4.0/24, false", // I7
    "1.2.3.0/24, 7.2.4.0/22, false",
    "fc00:1::/64, fc00:1::/64, true", // I20
    "fc00:1::/64, fc00::/16, true",
    "fc00:1::/64, fc00:2::/64, false",
    "fc00:1::/64, fb00:2::/48, false",
    "0.0.0.0/0, ::/0, false"
  })
  void overlap(Cidr a, Cidr b, boolean expected) {
    assertThat(a.overlaps(b)).isEqualTo(expected);
    assertThat(b.overlaps(a)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "1.2.3.0/24, 1.2.3.0, true", // I8
    "1.2.3.0/24, 1.2.3.4, true",
    "1.2.3.0/24, 1.2.4.0, false",
    "0.0.0.0/0, 8.8.8.8, true", // I14
    "1.2.3.4/32, 1.2.3.4, true",
    "1.2.3.4/32, 1.2.3.5, false",
    "fc00:1::/64, fc00:1::, true", // I21
    "fc00:1::/64, fc00:1::1, true",
    "fc00:1::/64, fc00:2::, false",
    "fc00:1::1/128, fc00:1::1, true",
    "fc00:1::1/128, fc00:1::2, false",
    "::/0, 8.8.8.8, false"
  })
  void containsAnAddress(Cidr cidr, Ip ip, boolean expected) {
    assertThat(cidr.contains(ip)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.2.0.0/16, true", // I15
    "10.2.0.0/16, 10.0.0.0/8, false",
    "10.244.0.0/16, 10.244.0.0/16, true",
    "10.244.0.0/16, 10.244.0.0/24, true",
    "10.244.0.0/16, 10.244.255.0/24, true",
    "10.244.0.0/16, 10.244.0.0/15, false",
    "10.244.0.0/16, 192.168.0.0/24, false",
    "2001:db8:1234::/48, 2001:db8:1234::/48, true",
    "2001:db8:1234::/48, 2001:db8:1234::/64, true",
    "2001:db8:1234::/48, 2001:db8:1234:ffff::/64, true",
    "2001:db8:1234::/48, 2001:db8:1234::/47, false",
    "2001:db8:1234::/48, fe02::/32, false"
  })
  void containsAPrefix(Cidr outer, Cidr inner, boolean expected) {
    assertThat(outer.contains(inner)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.2.0/24, 10.1.3.0/24", // I12
    "10.1.2.3/24, 10.1.3.0/24",
    "0.0.0.0/1, 128.0.0.0/1",
    "fc00::/64, fc00:0:0:1::/64", // I23
    "fc00::/48, fc00:0:1::/48",
    "fc00::/72, fc00:0:0:0:100::/72",
    "fc00::ff00:0:0:0/72, fc00:0:0:1::/72"
  })
  void next(Cidr cidr, Cidr expected) {
    assertThat(cidr.next()).contains(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "255.255.255.0/24",
        "0.0.0.0/0",
        "255.255.255.255/32",
        "ffff:ffff:ffff:ffff::/64",
        "::/0",
        "::fffe:0:0/96"
      })
  void nothingFollowsTheLast(String last) { // ODD-38
    assertThat(Cidr.parse(last).next()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.2.3/16, 10.1.0.0/16", // I13
    "10.0.0.5/8, 10.0.0.0/8", // I10
    "1.2.3.4/0, 0.0.0.0/0",
    "1.2.3.4/32, 1.2.3.4/32",
    "fc00:1::5/64, fc00:1::/64", // I23
    "fc00::1/48, fc00::/48", // I24
    "fc00:1:2:3:4:5:6:7/65, fc00:1:2:3::/65",
    "ffff::1/0, ::/0"
  })
  void network(Cidr cidr, Cidr expected) {
    assertThat(cidr.network()).isEqualTo(expected);
  }

  @Test
  void hostBitsAreKept() { // I5, I11, I22
    assertThat(Cidr.parse("1.2.3.0/24")).hasToString("1.2.3.0/24");
    assertThat(new Cidr(Ip.parse("1.2.3.0").plus(1), 24)).hasToString("1.2.3.1/24");
    assertThat(Cidr.parse("fc00:1::1/64")).hasToString("fc00:1::1/64");
    assertThat(Cidr.host(Ip.parse("1.2.3.4"))).hasToString("1.2.3.4/32");
    assertThat(Cidr.host(Ip.parse("::1"))).hasToString("::1/128");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.0/33",
        "",
        "fc00::/129",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "/8",
        "10.0.0.0/1000",
        "10.0.0.0/٨",
        "::ffff:10.0.0.0/104",
        "10.0.0.0/ 8"
      })
  void otherTextIsRefused(String text) { // I9, I24
    assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
