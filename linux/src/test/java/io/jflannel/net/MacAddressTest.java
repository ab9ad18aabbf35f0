// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MacAddressTest {

  @ParameterizedTest
  @ValueSource(strings = {"0a:1b:2c:3d:4e:5f", "0A-1B-2C-3D-4E-5F", "0a1b.2C3d.4e5f"})
  void allThreeFormsAreRead(String text) { // backends.md 3.3
    assertThat(MacAddress.parse(text)).hasToString("0a:1b:2c:3d:4e:5f");
    assertThat(MacAddress.parse(text).bytes()).containsExactly(0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0a:1b:2c:3d:4e",
        "0a:1b:2c:3d:4e:5f:60",
        "0a:1b:2c:3d:4e:5",
        "0a:1b-2c:3d:4e:5f",
        "0g:1b:2c:3d:4e:5f",
        "0a1b2c3d4e5f",
        "0a:1b:2c:3d:4e:5f\n",
        " 0a:1b:2c:3d:4e:5f"
      })
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> MacAddress.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aLocalAddressIsUnicastAndLocallyAdministered() { // backends.md 3.2: (B & 0xFE) | 0x02
    assertThat(MacAddress.local(-1L)).hasToString("fe:ff:ff:ff:ff:ff");
    assertThat(MacAddress.local(0)).hasToString("02:00:00:00:00:00");
    assertThat(MacAddress.local(-1L).isUnicast()).isTrue();
    assertThat(MacAddress.parse("01:00:5e:00:00:01").isUnicast()).isFalse();
    assertThat(MacAddress.parse("00:00:00:00:00:00").isZero()).isTrue();
  }

  @Test
  void bytesAreSix() {
    assertThat(MacAddress.of(new byte[] {-1, 2, 3, 4, 5, 6})).hasToString("ff:02:03:04:05:06");
    assertThatThrownBy(() -> MacAddress.of(new byte[5]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MacAddress(1L << 48)).isInstanceOf(IllegalArgumentException.class);
  }
}
