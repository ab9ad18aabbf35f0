// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.linux.tun.TunDevice.Framing;
import io.jflannel.linux.tun.TunDevice.Offload;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(InNamespace.class)
final class TunDeviceTest {

  private final SystemCalls calls = new SystemCalls();
  private final NativeMemory memory = NativeMemory.allocate(1 << 17);

  private TunDevice open(String name, Framing framing) {
    return TunDevice.open(calls, name, framing);
  }

  @Test
  void theKernelFillsTheTemplateIn() {
    try (TunDevice first = open("flannel%d", Framing.PLAIN);
        TunDevice second = open("flannel%d", Framing.PLAIN);
        TunDevice wished = open("flannel1", Framing.PLAIN);
        TunDevice other = open("tunnel7", Framing.PLAIN)) {
      assertThat(first.name()).isEqualTo("flannel0");
      assertThat(second.name()).isEqualTo("flannel1");
      assertThat(wished.name()).isEqualTo("flannel2");
      assertThat(other.name()).isEqualTo("tunnel7");
    }
    assertThat(Shell.run("ip link show")).doesNotContain("flannel");
    assertThatThrownBy(() -> open("a-name-that-is-too-long", Framing.PLAIN))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theNameOfAnotherKindOfDeviceIsTakenToo() {
    Shell.run("ip link add flannel0 type bridge");
    try (TunDevice device = open("flannel0", Framing.PLAIN)) {
      assertThat(device.name()).isEqualTo("flannel1");
    }
  }

  @Test
  void anUnreadPacketWaitsAndAnAnswerIsDelivered() {
    try (TunDevice device = open("flannel0", Framing.PLAIN)) {
      Shell.run("sysctl -qw net.ipv6.conf.flannel0.disable_ipv6=1");
      Shell.run("ip addr add 10.5.1.0/24 dev flannel0");
      Shell.run("ip link set flannel0 up");
      assertThat(device.read(memory, 64, 65535)).isEqualTo(-Errno.EAGAIN.number());
      Shell.run("sh -c 'ping -c1 -W0.1 -s 4 10.5.1.9 || true'");
      device.await();
      int length = device.read(memory, 64, 65535);
      assertThat(length).isEqualTo(32);
      byte[] packet = new byte[length];
      memory.network().get(64, packet);
      assertThat(HexFormat.of().formatHex(packet, 12, 21)).isEqualTo("0a0501000a05010908");
      // an answer to nobody, but counted: the kernel has read it
      assertThat(device.write(memory, 64, length)).isEqualTo(length);
      assertThat(Shell.run("awk '/flannel0/ {print $3}' /proc/net/dev").trim()).isEqualTo("1");
      memory.host().put(64, (byte) 0x10);
      assertThat(device.write(memory, 64, length)).isEqualTo(-Errno.EINVAL.number());
    }
  }

  @Test
  void piecesMakeOnePacketBehindItsHeader() {
    try (TunDevice device = open("flannel0", Framing.VNET)) {
      device.offload(Offload.CHECKSUM_TCP_UDP);
      device.offload(Offload.CHECKSUM_TCP);
      Shell.run("ip link set flannel0 up");
      IoVectors pieces = new IoVectors(memory, memory.take(IoVectors.bytes(3)));
      int data = memory.take(100);
      VnetHeader.complete(memory, data);
      memory.network().putInt(data + 10, 0x45000014);
      pieces.set(0, data, VnetHeader.BYTES);
      pieces.set(1, data + 10, 8);
      pieces.set(2, data + 18, 12);
      assertThat(pieces.offset(2)).isEqualTo(data + 18);
      assertThat(pieces.length(2)).isEqualTo(12);
      assertThat(device.write(pieces, 0, 3)).isEqualTo(30);
      VnetHeader.segmented(memory, data, VnetHeader.TCP4, 40, 0, 20, 16); // segments of nothing
      assertThat(device.write(pieces, 0, 3)).isEqualTo(-Errno.EINVAL.number());
    }
  }

  @Test
  void asManyPacketsWaitAsOnAnEthernetDevice() {
    try (TunDevice device = open("flannel0", Framing.PLAIN)) {
      Shell.run("ip link set flannel0 up");
      Shell.run("ip addr add 10.5.1.0/16 dev flannel0");
      Shell.run("ping -q -c1000 -l1000 -W1 -s 4 10.5.1.9 || true");
      int waiting = 0;
      while (device.read(memory, 64, 65535) > 0) {
        waiting++;
      }
      assertThat(waiting).isEqualTo(1000);
      assertThat(Shell.run("ip link show flannel0")).contains("qlen 1000");
    }
  }

  @Test
  void aDeletedDeviceSaysSo() {
    try (TunDevice device = open("flannel0", Framing.PLAIN)) {
      Shell.run("ip link del flannel0");
      device.await();
      assertThat(device.read(memory, 64, 1500)).isEqualTo(-Errno.EBADFD.number());
      assertThat(device.write(memory, 64, 1500)).isEqualTo(-Errno.EBADFD.number());
      assertThatThrownBy(() -> device.offload(Offload.CHECKSUM_TCP))
          .isInstanceOf(LinuxException.class)
          .hasMessageContaining("EBADFD");
    }
  }

  @Test
  void aWaitIsEndedFromOutside() {
    TunDevice device = open("flannel0", Framing.PLAIN);
    Thread waiting = Thread.ofPlatform().start(device::await);
    device.wake();
    await().until(() -> !waiting.isAlive());
    device.close();
    device.wake();
    device.close();
  }
}
