// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import static io.jflannel.linux.bpf.Register.R0;
import static io.jflannel.linux.bpf.Register.R1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.jflannel.linux.Capability;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.bpf.Assembler.Width;
import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Programs and their links in the running kernel. */
@ExtendWith({InNamespace.class, WithTcx.class})
final class BpfProgramTest {

  private static Assembler verdict(int verdict) {
    return new Assembler().move(R0, verdict).exit();
  }

  private static int loopback() {
    try (RouteSocket socket = RouteSocket.open()) {
      return socket.link("lo").orElseThrow().index();
    }
  }

  /** The link alone keeps the program. */
  private static TcxLink dropAll() {
    try (BpfProgram program = BpfProgram.load("drop_all", verdict(TcxLink.DROP))) {
      return TcxLink.attach(program, loopback(), TcxLink.Hook.INGRESS);
    }
  }

  @Test
  void aLinkDropsWhatItsProgramSaysUntilItIsClosed() {
    Shell.run("ip link set lo up");
    try (TcxLink link = dropAll()) {
      assertThat(link.isAttached()).isTrue();
      assertThatThrownBy(() -> Shell.run("ping -c 1 -W 1 127.0.0.1"))
          .isInstanceOf(AssertionError.class);
    }
    assertThat(Shell.run("ping -c 1 -W 1 127.0.0.1")).contains("1 received");
  }

  @Test
  void theNextProgramIsAskedAndEgressIsAnotherHook() {
    Shell.run("ip link set lo up");
    try (BpfProgram next = BpfProgram.load("next", verdict(TcxLink.NEXT));
        BpfProgram drop = BpfProgram.load("drop", verdict(TcxLink.DROP));
        TcxLink first = TcxLink.attach(next, loopback(), TcxLink.Hook.EGRESS)) {
      assertThat(Shell.run("ping -c 1 -W 1 127.0.0.1")).contains("1 received");
      try (TcxLink second = TcxLink.attach(drop, loopback(), TcxLink.Hook.EGRESS)) {
        assertThat(first.isAttached() && second.isAttached()).isTrue();
        assertThatThrownBy(() -> Shell.run("ping -c 1 -W 1 127.0.0.1"))
            .isInstanceOf(AssertionError.class);
      }
    }
  }

  @Test
  void aDeletedDeviceTakesItsLinkWithIt() {
    try (RouteSocket socket = RouteSocket.open();
        BpfProgram program = BpfProgram.load("next", verdict(TcxLink.NEXT))) {
      socket.execute(new Request.AddBridge("br0", false));
      int bridge = socket.link("br0").orElseThrow().index();
      try (TcxLink link = TcxLink.attach(program, bridge, TcxLink.Hook.INGRESS)) {
        assertThat(link.isAttached()).isTrue();
        socket.execute(new Request.DeleteLink(bridge));
        assertThat(link.isAttached()).isFalse();
      }
    }
  }

  @Test
  void theVerifierSaysWhatItDoesNotLike() {
    Assembler reads = new Assembler().load(Width.WORD, R0, R1, 4096).exit();

    VerifierException refused =
        catchThrowableOfType(VerifierException.class, () -> BpfProgram.load("bad_access", reads));

    assertThat(refused)
        .hasMessageContaining("load eBPF program bad_access: EACCES (")
        .hasMessageContaining("invalid bpf_context access off=4096")
        .hasMessageNotContaining("processed");
    assertThat(refused.log()).contains("processed");
  }

  @Test
  void aLongLogIsCutToItsEnd() {
    Assembler wordy = new Assembler();
    for (int i = 0; i < 3_000; i++) {
      wordy.move(R0, i);
    }
    wordy.load(Width.WORD, R0, R1, 4096).exit();

    VerifierException refused =
        catchThrowableOfType(VerifierException.class, () -> BpfProgram.load("wordy", wordy));

    assertThat(refused.detail().lines().count()).isLessThan(12);
    assertThat(refused)
        .hasMessageContaining("lines ...")
        .hasMessageContaining("invalid bpf_context access off=4096");
  }

  @Test
  void anExcerptOfAShortLogIsTheLog() {
    assertThat(VerifierException.excerpt("0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n"))
        .isEqualTo("0: (95) exit\nR0 !read_ok");
    String log =
        IntStream.range(0, 20).mapToObj(i -> "line " + i).collect(Collectors.joining("\n"));
    assertThat(VerifierException.excerpt(log)).startsWith("... 12 lines ...\nline 12\n");
  }

  @Test
  void refusalsSayWhatWouldHelp() {
    assertThat(Bpf.forbidden(List.of(Capability.BPF, Capability.NET_ADMIN)))
        .isEqualTo("lacks CAP_BPF and CAP_NET_ADMIN");
    assertThat(Bpf.forbidden(List.of())).contains("seccomp").contains("memlock");
    assertThat(Bpf.refused("x", Errno.ENOSYS.number())).hasMessageContaining("CONFIG_BPF_SYSCALL");
    assertThat(TcxLink.withoutTcx("attach", "5.15.0"))
        .hasMessage(
            "attach: EOPNOTSUPP (the kernel has no TCX, which came with Linux 6.6; this is"
                + " 5.15.0)");
  }

  @Test
  void aMissingDeviceIsNamed() {
    try (BpfProgram program = BpfProgram.load("next", verdict(TcxLink.NEXT))) {
      LinuxException refused =
          catchThrowableOfType(
              LinuxException.class, () -> TcxLink.attach(program, 4711, TcxLink.Hook.INGRESS));
      assertThat(refused).hasMessageContaining("next to interface 4711: ENODEV");
    }
  }

  @Test
  void descriptorsAreClosedOnce() throws IOException {
    long before = descriptors();
    BpfProgram program = BpfProgram.load("next", verdict(TcxLink.NEXT));
    TcxLink link = TcxLink.attach(program, loopback(), TcxLink.Hook.INGRESS);
    assertThat(descriptors()).isEqualTo(before + 2);
    program.close();
    link.close();
    program.close();
    link.close();
    assertThat(descriptors()).isEqualTo(before);
    assertThatThrownBy(link::isAttached).isInstanceOf(IllegalStateException.class);
  }

  /** Those of eBPF: others come and go with the JVM. */
  static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(BpfProgramTest::isBpf).count();
    }
  }

  private static boolean isBpf(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().contains("bpf");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }
}
