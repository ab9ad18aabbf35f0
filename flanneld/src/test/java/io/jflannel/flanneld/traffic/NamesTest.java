// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.net.Family;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

  @Test // 14.1, 14.2, 14.5
  void upstreamsNames() {
    assertThat(Names.UPSTREAM.chain(Part.MASQUERADE)).isEqualTo("FLANNEL-POSTRTG");
    assertThat(Names.UPSTREAM.chain(Part.FORWARD)).isEqualTo("FLANNEL-FWD");
    assertThat(Names.UPSTREAM.comment(Part.MASQUERADE)).isEqualTo("flanneld masq");
    assertThat(Names.UPSTREAM.nftTable(Family.V6)).isEqualTo("flannel-ipv6");
  }

  @Test // XT_EXTENSION_MAXNAMELEN is 29 with the terminating zero
  void theLongestInstanceFitsAChainsName() {
    Names names = new Names(Optional.of("abcdefghijkl"));

    assertThat(names.chain(Part.MASQUERADE)).hasSize(28);
    assertThat(names.comment(Part.FORWARD)).isEqualTo("flanneld forward abcdefghijkl");
    assertThat(names.nftTable(Family.V4)).isEqualTo("flannel-ipv4-abcdefghijkl");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a b", "a\"", "abcdefghijklm", "ä", "a;b"})
  void whatNoChainCanBeCalledIsRefused(String name) {
    assertThatThrownBy(() -> new Names(Optional.of(name)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 to 12");
  }
}
