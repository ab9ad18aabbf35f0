// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import static io.jflannel.linux.Capability.NET_ADMIN;
import static io.jflannel.linux.Capability.SYS_ADMIN;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CapabilityTest {

  @Test
  void theEffectiveSetCounts() {
    assertThat(missing("000001ffffffffff")).isEmpty(); // root
    assertThat(missing("0000000000000000")).containsExactly(NET_ADMIN, SYS_ADMIN); // a user
    assertThat(missing("00000000a80425fb")).containsExactly(NET_ADMIN, SYS_ADMIN); // docker run
    assertThat(missing("00000000a80435fb")).containsExactly(SYS_ADMIN); // --cap-add=NET_ADMIN
    assertThat(missing("ffffffffffffffff")).isEmpty();
  }

  @Test
  void whatDoesNotSayIsNoReason() {
    assertThat(Capability.missing("Name:\tjava\n", NET_ADMIN)).isEmpty();
    assertThat(missing("zz")).isEmpty();
  }

  @Test
  void textIsThatOfTheManual() {
    assertThat(NET_ADMIN).hasToString("CAP_NET_ADMIN");
  }

  private static List<Capability> missing(String effective) {
    String status =
        "Name:\tjava\nCapPrm:\t000001ffffffffff\nCapEff:\t"
            + effective
            + "\nCapBnd:\t000001ffffffffff\n";
    return Capability.missing(status, NET_ADMIN, SYS_ADMIN);
  }
}
