// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.Capability;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreconditionsTest {

  private static final String ROOT = "24 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n";
  private static final String PROC = "25 24 0:22 / /proc rw,relatime - proc proc rw\n";

  @Test
  void rootOnAnOrdinaryMachineMay() {
    assertThat(Preconditions.problem(List.of(), ROOT + PROC)).isEmpty();
    assertThat(Preconditions.problem(List.of(), "")).isEmpty(); // no /proc: let it try
  }

  @Test
  void missingRightsAreNamed() {
    assertThat(Preconditions.problem(List.of(Capability.NET_ADMIN, Capability.SYS_ADMIN), ROOT))
        .hasValueSatisfying(problem ->
            assertThat(problem)
                .contains("lacks CAP_NET_ADMIN and CAP_SYS_ADMIN", "run it as root"));
  }

  @Test
  void aChrootWithoutAMountIsToldWithTheWayOut() {
    assertThat(Preconditions.problem(List.of(), PROC))
        .hasValueSatisfying(problem ->
            assertThat(problem).contains("as in a chroot", "mount --bind DIR DIR && chroot DIR"));
  }
}
