// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Ip;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ExternalInterfaceTest {

  @Test
  void wordsAreForPeople() {
    Optional<Ip> v4 = Optional.of(Ip.parse("10.77.0.1"));
    Optional<Ip> v6 = Optional.of(Ip.parse("fd77::1"));
    Optional<Ip> nat = Optional.of(Ip.parse("192.0.2.1"));

    assertThat(new ExternalInterface("eth0", 2, 1500, v4, v6, nat, v6).words())
        .isEqualTo(
            "interface eth0, MTU 1500, address 10.77.0.1 and fd77::1,"
                + " announced as 192.0.2.1 and fd77::1");
    assertThat(new ExternalInterface("eth0", 2, 1500, v4, Optional.empty(), v4, Optional.empty()))
        .extracting(ExternalInterface::words)
        .isEqualTo("interface eth0, MTU 1500, address 10.77.0.1, announced as 10.77.0.1");
  }
}
