// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.json.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is read of standard input. */
class MainTest {

  @Test
  void inputWithoutEndIsRefused() throws Exception { // CNI/17.5
    byte[] blanks = new byte[4 * Main.INPUT_MAX];
    Arrays.fill(blanks, (byte) ' ');
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(printed, true, UTF_8);
    Map<String, String> environment =
        Map.of(
            "CNI_COMMAND",
            "ADD",
            "CNI_CONTAINERID",
            "c1",
            "CNI_IFNAME",
            "eth0",
            "CNI_NETNS",
            "/none",
            "CNI_PATH",
            "/none");

    int status = Main.run(environment, new ByteArrayInputStream(blanks), out, out);

    assertThat(status).isEqualTo(1);
    assertThat(((Json.Obj) Json.parse(printed.toString(UTF_8))).member("code"))
        .contains(new Json.Num("6"));
    assertThat(printed.toString(UTF_8)).contains("more than 1048576 bytes");
  }
}
