// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Cidr;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SubnetKeyTest {

  private static Subnets subnets(String v4, String v6) {
    return new Subnets(
        Optional.of(v4).filter(text -> !text.isEmpty()).map(Cidr::parse),
        Optional.of(v6).filter(text -> !text.isEmpty()).map(Cidr::parse));
  }

  @ParameterizedTest
  @CsvSource(
      emptyValue = "",
      value = { // ETC-1, ETC-2, golden part 3
        "10.12.13.0-24, 10.12.13.0/24, ''",
        "10.12.13.0-24&fd00:12:13::-56, 10.12.13.0/24, fd00:12:13::/56",
        "10.42.61.0-24&2001:cafe:42:19::-64, 10.42.61.0/24, 2001:cafe:42:19::/64",
        "0.0.0.0-0&2001:cafe:42:26::-64, '', 2001:cafe:42:26::/64",
        "10.9.1.0-24&fc00::8000:0:0:0-65, 10.9.1.0/24, fc00::8000:0:0:0/65",
        "10.9.1.0-24&fc00::c-126, 10.9.1.0/24, fc00::c/126",
        "10.12.13.0-31, 10.12.13.0/31, ''",
        "10.12.13.0-0, 10.12.13.0/0, ''",
        "10.12.13.7-24, 10.12.13.7/24, ''"
      })
  void aKeyIsReadAndPrintedBack(String key, String v4, String v6) {
    assertThat(SubnetKey.parse(key)).contains(subnets(v4, v6));
    assertThat(SubnetKey.print(subnets(v4, v6))).isEqualTo(key);
  }

  @ParameterizedTest
  @ValueSource(
      strings = { // ETC-2
        "",
        "10",
        "10.12.13.0",
        "10.12.13-24",
        "10.12.13.300-24",
        "10.12.13.0-24hi",
        "&2001::-56",
        "10.12.13.0-24&:12:13:-56",
        "10.12.13.0-24&20011::-56",
        "10.12.13.0-24&2001-56",
        "10.12.13.0-24&2001::",
        "10.12.13.0-24&2001::-56hi",
        "10.12.13.0-32",
        "10.12.13.0-24&fd00::-128",
        "10.12.13.0-24&FD00::-64",
        "010.12.13.0-24",
        "1110.12.13.0-24",
        // ODD-13, ODD-14: ours is anchored and knows no IPv4 in IPv6's place
        "x10.12.13.0-24",
        "sub/10.12.13.0-24",
        "10.5.1.0-24&1.2.3.4-24",
        "10x5x1x0-24",
        "0.0.0.0-0",
        "10.5.1.0-24&::ffff:102:304-64",
        "10.5.1.0-99999999999",
        "10.5.1.0--24",
        "10.5.1.0-24\n",
        "\u0661\u0660.5.1.0-24"
      })
  void whatIsNoKeyIsRefused(String key) {
    assertThat(SubnetKey.parse(key)).isEmpty();
  }

  @Test
  void ipv6IsPrintedCanonically() { // ETC-1
    Subnets read = SubnetKey.parse("10.5.1.0-24&fd00:0:0::-64").orElseThrow();
    assertThat(SubnetKey.print(read)).isEqualTo("10.5.1.0-24&fd00::-64");
  }
}
