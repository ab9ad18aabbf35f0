// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Ip;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class KernelDecapTest {

  private static KernelDecap read(String data) {
    return KernelDecap.of(
        LeaseText.read("{\"PublicIP\":\"192.0.2.1\",\"BackendData\":" + data + "}"));
  }

  @Test
  void aNodeAnnouncesItInItsLease() {
    LeaseAttributes attributes =
        new LeaseAttributes(
            Optional.of(Ip.parse("192.0.2.1")),
            Optional.empty(),
            "",
            Optional.of(KernelDecap.data()),
            Optional.empty());
    String text = LeaseText.write(attributes, LeaseText.Form.V3);
    assertThat(text)
        .isEqualTo(
            "{\"PublicIP\":\"192.0.2.1\",\"PublicIPv6\":null,"
                + "\"BackendData\":{\"KernelDecap\":1}}");
    assertThat(KernelDecap.of(LeaseText.read(text))).isEqualTo(new KernelDecap.Announced(1));
  }

  @Test
  void allOthersDoNot() {
    assertThat(KernelDecap.of(LeaseText.read("{\"PublicIP\":\"192.0.2.1\"}")))
        .isEqualTo(new KernelDecap.Absent());
    assertThat(read("null")).isEqualTo(new KernelDecap.Absent());
    assertThat(read("{}")).isEqualTo(new KernelDecap.Absent());
    assertThat(read("{\"VNI\":1}")).isEqualTo(new KernelDecap.Absent());
    assertThat(
            KernelDecap.of(
                LeaseText.read("{\"BackendType\":\"vxlan\",\"BackendData\":{\"KernelDecap\":1}}")))
        .isEqualTo(new KernelDecap.Absent());
  }

  @Test
  void newerFormsIncludeOurs() {
    assertThat(read("{\"kerneldecap\":2}").takesOurs()).isTrue();
    assertThat(read("{\"KernelDecap\":1}").takesOurs()).isTrue();
    assertThat(new KernelDecap.Absent().takesOurs()).isFalse();
  }

  @Test
  void nonsenseIsNamed() {
    assertThat(read("[]")).isEqualTo(new KernelDecap.Bad("backend data is no JSON object"));
    for (String value : new String[] {"0", "-1", "1.0", "1e2", "true", "\"1\"", "12345678901"}) {
      assertThat(read("{\"KernelDecap\":" + value + "}"))
          .isEqualTo(new KernelDecap.Bad("KernelDecap is " + value + ", not a number from 1 on"));
      assertThat(read("{\"KernelDecap\":" + value + "}").takesOurs()).isFalse();
    }
  }
}
