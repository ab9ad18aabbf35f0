// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Spec control-plane.md section 0 and backends.md 16.3 (cases I1 to I26). */
final class IpTest {

  @Test
  void anIpv4AddressHasFourOctets() { // I1
    assertThat(Ip.parse("1.2.3.4").bytes()).containsExactly(1, 2, 3, 4);
    assertThat(Ip.parse("1.2.3.4").v4Bits()).isEqualTo(0x01020304);
    assertThat(Ip.parse("1.2.3.4")).hasToString("1.2.3.4").isEqualTo(Ip.v4(0x01020304));
    assertThat(Ip.of(new byte[] {(byte) 255, 0, 0, 1})).hasToString("255.0.0.1");
  }

  @ParameterizedTest
  @CsvSource({
    "fc00::1, fc00::1", // I16
    "::, ::",
    "::1, ::1",
    "1::, 1::",
    "FC00:0:0:0:0:0:0:1, fc00::1",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "1:0:0:2:0:0:0:3, 1:0:0:2::3",
    "::102:304, ::102:304", // upstream prints 1.2.3.4
    "::1.2.3.4, ::102:304",
    "64:ff9b::192.0.2.33, 64:ff9b::c000:221",
    "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0",
    "0:0:3:4:5:6:7:8, ::3:4:5:6:7:8"
  })
  void ipv6TextIsRfc5952(String text, String printed) {
    assertThat(Ip.parse(text)).hasToString(printed);
    assertThat(Ip.parse(text).family()).isEqualTo(Family.V6);
    assertThat(Ip.of(Ip.parse(text).bytes())).isEqualTo(Ip.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "010.0.0.1",
        "1.2.3.04",
        "1..3.4",
        "1.2.3.",
        ".1.2.3",
        " 1.2.3.4",
        "1.2.3.4 ",
        "+1.2.3.4",
        "-1.2.3.4",
        "1.2.3.4/8",
        "0x1.2.3.4",
        "١.2.3.4",
        "1.2.3.1000",
        ":",
        ":::",
        "1:",
        ":1",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "12345::",
        "g::",
        "fe80::1%eth0",
        "[::1]",
        "::ffff:1.2.3.4",
        "::ffff:0:0",
        "1.2.3.4::",
        "1:1.2.3.4:2::",
        "::1.2.3",
        "::1.2.3.400",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3.4:1"
      })
  void otherTextIsRefusedByName(String text) { // I25, I26, ODD-9
    assertThatThrownBy(() -> Ip.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "192.168.0.1", "172.16.0.1", "172.31.0.1", "10.1.2.3", // I3
        "fc00::1", "fcff::1", "fd00::1", "fdff::1" // I18
      })
  void privateAddresses(String text) {
    assertThat(Ip.parse(text).isPrivate()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "8.8.8.8", "172.32.0.1", "192.167.0.1", "192.169.0.1", // I4
        "2001::", "fe00::", "fc::1", "::" // I18 and upstream's oddities
      })
  void otherAddressesAreNotPrivate(String text) {
    assertThat(Ip.parse(text).isPrivate()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1, true",
    "8.8.8.8, true",
    "2001:db8::1, true",
    "fd00::1, true",
    "0.0.0.0, false",
    "127.0.0.1, false",
    "224.0.0.1, false",
    "239.1.1.1, false",
    "169.254.1.1, false",
    "255.255.255.255, false",
    "::, false",
    "::1, false",
    "ff02::1, false",
    "fe80::1, false",
    "febf::1, false",
    "fec0::1, true"
  })
  void globalUnicast(String text, boolean expected) {
    assertThat(Ip.parse(text).isGlobalUnicast()).isEqualTo(expected);
  }

  @Test
  void unspecifiedIsEmpty() { // I16
    assertThat(Ip.parse("::").isUnspecified()).isTrue();
    assertThat(Ip.parse("0.0.0.0").isUnspecified()).isTrue();
    assertThat(Ip.parse("::1").isUnspecified()).isFalse();
    assertThat(Ip.V4_ZERO).isNotEqualTo(Ip.V6_ZERO);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.255, 1, 10.0.1.0",
    "255.255.255.255, 1, 0.0.0.0", // wraps modulo 2^32
    "0.0.0.0, -1, 255.255.255.255",
    "fc00::ffff:ffff:ffff:ffff, 1, fc00:0:0:1::",
    "fc00:0:0:1::, -1, fc00::ffff:ffff:ffff:ffff",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 1, ::"
  })
  void addition(String from, long distance, String to) {
    assertThat(Ip.parse(from).plus(distance)).isEqualTo(Ip.parse(to));
  }

  @Test
  void orderIsUnsigned() {
    assertThat(Ip.parse("200.0.0.1")).isGreaterThan(Ip.parse("100.0.0.1"));
    assertThat(Ip.parse("ff00::")).isGreaterThan(Ip.parse("1::"));
    assertThat(Ip.parse("1::8000:0:0:0")).isGreaterThan(Ip.parse("1::1"));
  }

  @Test
  void evenlySpacedSubnetsSpreadOverTheHash() {
    Set<Integer> low = new HashSet<>();
    for (int i = 0; i < 4096; i++) {
      low.add(Ip.v4(0x0a000000 + (i << 8)).hashCode() & 0xfff);
    }
    assertThat(low).hasSizeGreaterThan(2000); // random would give 2589
  }

  @Test
  void printedAddressesAreReadBack() { // I25
    long seed = 20260801;
    Random random = new Random(seed);
    for (int i = 0; i < 5_000; i++) {
      long mask = random.nextLong() | random.nextLong() << random.nextInt(64);
      Ip ip =
          random.nextBoolean()
              ? Ip.v4(random.nextInt())
              : new Ip(random.nextLong() & mask | 1L << 63, random.nextLong() & ~mask);
      assertThat(Ip.parse(ip.toString())).as("seed %d", seed).isEqualTo(ip);
      assertThat(Ip.of(ip.bytes())).isEqualTo(ip);
    }
  }

  @Test
  void anyTextIsEitherReadOrRefused() { // I26
    Random random = new Random(42);
    String letters = "0123456789abcdefg:.% ";
    for (int i = 0; i < 10_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(20); n > 0; n--) {
        text.append(letters.charAt(random.nextInt(letters.length())));
      }
      try {
        Ip ip = Ip.parse(text.toString());
        assertThat(Ip.parse(ip.toString())).isEqualTo(ip);
      } catch (IllegalArgumentException refused) {
        assertThat(refused).hasMessageContaining(text.toString());
      }
    }
  }
}
