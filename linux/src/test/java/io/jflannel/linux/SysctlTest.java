// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.testing.InNamespace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(InNamespace.class)
final class SysctlTest {

  private static final Sysctl FORWARD = Sysctl.of("net", "ipv4", "conf", "lo", "forwarding");

  @Test
  void parametersBelongToTheThreadsNamespace() throws InterruptedException {
    FORWARD.write("1");
    assertThat(FORWARD.read()).contains("1");
    try (NetworkNamespace other = NetworkNamespace.anonymous()) {
      other.run(() -> {
        FORWARD.write("0");
        return true;
      });
      assertThat(FORWARD.read()).contains("1");
      assertThat(other.run(FORWARD::read)).contains("0");
    }
  }

  @Test
  void whatMayNotBeWrittenIsKnownWithoutATry() {
    assertThat(new Sysctl("kernel/ostype").writable()).isFalse(); // mode 0444, also for root
    assertThat(new Sysctl("net/ipv4/conf/nosuch0/forwarding").writable()).isFalse();
    assertThat(FORWARD.writable()).isTrue();
  }

  @Test
  void deviceNamesMayContainDots() { // accept_ra of flannel.1, backends.md 3.2
    try (RouteSocket socket = RouteSocket.open()) {
      socket.execute(new Request.AddBridge("flannel.1", false));
    }
    Sysctl acceptRa = Sysctl.of("net", "ipv6", "conf", "flannel.1", "accept_ra");
    acceptRa.write("0");
    assertThat(acceptRa.read()).contains("0");
  }

  @Test
  void whatIsMissingIsEmptyToReadAndAnErrorToWrite() {
    Sysctl missing = Sysctl.of("net", "ipv4", "conf", "nosuch0", "forwarding");
    assertThat(missing.read()).isEmpty();
    assertThatThrownBy(() -> missing.write("1"))
        .isInstanceOfSatisfying(
            LinuxException.class,
            e -> {
              assertThat(e.is(Errno.ENOENT)).isTrue();
              assertThat(e.operation()).contains("nosuch0");
            });
  }

  @Test
  void aRefusedValueIsAnError() {
    assertThatThrownBy(() -> FORWARD.write("maybe")).hasMessageContaining("EINVAL");
    assertThatThrownBy(() -> Sysctl.of("kernel", "ostype").write("x"))
        .isInstanceOf(LinuxException.class);
  }

  @Test
  void partsCannotLeadElsewhere() {
    for (String part : new String[] {"", "..", ".", "a/b"}) {
      assertThatThrownBy(() -> Sysctl.of("net", part)).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
