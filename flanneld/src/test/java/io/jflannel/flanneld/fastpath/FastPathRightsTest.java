// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.Requirements;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.bpf.Assembler;
import io.jflannel.linux.bpf.BpfMap;
import io.jflannel.linux.bpf.BpfProgram;
import io.jflannel.linux.bpf.Layout;
import io.jflannel.linux.bpf.Register;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What an operator reads where eBPF is not allowed; each in a process with those rights only. */
final class FastPathRightsTest {

  private static String with(String... rights) throws IOException {
    Requirements.lab("setpriv", "unshare");
    List<String> command = new ArrayList<>(List.of(rights));
    command.addAll(
        List.of(
            Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin/java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            Objects.requireNonNull(System.getProperty("java.class.path")),
            Attempt.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), UTF_8).strip();
  }

  private static String withCapabilities(String list) throws IOException {
    return with("setpriv", "--bounding-set", "-all," + list, "--inh-caps", "-all");
  }

  @Test
  void twoCapabilitiesAreEnough() throws IOException {
    assertThat(withCapabilities("+bpf,+net_admin")).isEqualTo("loaded attempt, entries: 0");
  }

  @Test
  void aMissingOneIsNamed() throws IOException {
    assertThat(withCapabilities("+net_admin"))
        .isEqualTo("create eBPF map attempt: EPERM (lacks CAP_BPF)");
    assertThat(withCapabilities("+bpf"))
        .isEqualTo("load eBPF program attempt: EPERM (lacks CAP_NET_ADMIN)");
  }

  @Test
  void anotherPowerForbidsIt() throws IOException {
    assertThat(with("unshare", "-r"))
        .startsWith("create eBPF map attempt: EPERM (forbidden although")
        .contains("user namespace");
  }

  /** What the process does. */
  static final class Attempt {

    private Attempt() {}

    public static void main(String[] args) {
      Assembler nothing = new Assembler().move(Register.R0, 0).exit();
      try (BpfMap<?, ?> map = BpfMap.prefixes("attempt", Layout.IPV4, 1);
          BpfProgram program = BpfProgram.load("attempt", nothing)) {
        System.out.println("loaded " + program + ", entries: " + map.entries().size());
      } catch (LinuxException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
