// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyNamesTest {

  @ParameterizedTest
  @CsvSource({ // 6.1
    "/coreos.com/network, /coreos.com/network/config, /coreos.com/network/subnets/",
    "/coreos.com/network/, /coreos.com/network/config, /coreos.com/network/subnets/",
    "//coreos.com///network, /coreos.com/network/config, /coreos.com/network/subnets/",
    "coreos.com/network, coreos.com/network/config, coreos.com/network/subnets/",
    "'', config, subnets/",
    "/, /config, /subnets/",
    "/a/./b/../c, /a/c/config, /a/c/subnets/",
    "/../a, /a/config, /a/subnets/",
    "../a, ../a/config, ../a/subnets/",
  })
  void v3KeysAreJoinedByCleaning(String prefix, String config, String subnets) {
    assertThat(KeyNames.v3(prefix)).isEqualTo(new KeyNames(config, subnets));
  }

  @ParameterizedTest
  @CsvSource({ // 7.1
    "/coreos.com/network, /coreos.com/network/config, /coreos.com/network/subnets/",
    "coreos.com/network, /coreos.com/network/config, /coreos.com/network/subnets/",
    "'', /config, /subnets/",
  })
  void v2KeysHaveALeadingSlash(String prefix, String config, String subnets) {
    assertThat(KeyNames.v2(prefix)).isEqualTo(new KeyNames(config, subnets));
  }

  @Test
  void onlyDirectChildrenAreLeases() { // ODD-14
    KeyNames keys = KeyNames.v3("/n");

    assertThat(keys.leaseName("/n/subnets/10.5.1.0-24")).contains("10.5.1.0-24");
    assertThat(keys.leaseName("/n/subnets/")).isEmpty();
    assertThat(keys.leaseName("/n/subnets/a/10.5.1.0-24")).isEmpty();
    assertThat(keys.leaseName("/n/subnets-old/10.5.1.0-24")).isEmpty();
    assertThat(keys.leaseName("/n/config")).isEmpty();
    assertThat(keys.directory()).isEqualTo("/n");
    assertThat(KeyNames.v2("").directory()).isEmpty();
  }
}
