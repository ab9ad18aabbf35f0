// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.linux.tun.UdpSocket.PathMtu;
import io.jflannel.net.Ip;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(InNamespace.class)
final class UdpSocketTest {

  private static final Ip ONE = Ip.parse("127.0.0.1");
  private static final Ip OTHER = Ip.parse("127.0.0.2");
  private static final int PORT = 8285;

  private final SystemCalls calls = new SystemCalls();
  private final NativeMemory memory = NativeMemory.allocate(1 << 20);
  private final int data = memory.take(65536);
  private final int into = memory.take(4 * 65536);
  private final int address = memory.take(UdpSocket.ADDRESS_BYTES);
  private final IoVectors pieces = new IoVectors(memory, memory.take(IoVectors.bytes(16)));
  private final MessageVector sending = new MessageVector(memory, take(4), 4);
  private final MessageVector receiving = new MessageVector(memory, take(4), 4);

  private int take(int messages) {
    return memory.take(MessageVector.bytes(messages));
  }

  @BeforeEach
  void loopback() {
    Shell.run("ip link set lo up");
  }

  private UdpSocket open(Ip local) {
    return UdpSocket.open(calls, local, PORT);
  }

  @Test
  void oneByOne() {
    try (UdpSocket one = open(ONE);
        UdpSocket other = open(OTHER)) {
      memory.network().putLong(data, 0x0102030405060708L);
      assertThat(one.send(memory, data, 8, address, OTHER.v4Bits(), PORT)).isEqualTo(8);
      assertThat(other.receive(memory, into, 100, address)).isEqualTo(8);
      assertThat(UdpSocket.sender(memory, address)).isEqualTo(ONE.v4Bits());
      assertThat(memory.network().getLong(into)).isEqualTo(0x0102030405060708L);
      one.send(memory, data, 1000, address, OTHER.v4Bits(), PORT);
      assertThat(other.receive(memory, into, 100, address)).isEqualTo(1000); // cut, and told
      one.send(memory, data, 0, address, OTHER.v4Bits(), PORT);
      assertThat(other.receive(memory, into, 100, address)).isZero();
    }
  }

  @Test
  void manyAtOnceOfSeveralPieces() {
    try (UdpSocket one = open(ONE);
        UdpSocket other = open(OTHER)) {
      one.requireBatches();
      memory.network().putInt(data, 7).putInt(data + 100, 8).putInt(data + 200, 9);
      pieces.set(0, data, 4);
      pieces.set(1, data + 100, 4);
      pieces.set(2, data + 200, 4);
      sending.toSend(0, pieces, 0, 2, 0, OTHER.v4Bits(), PORT);
      sending.toSend(1, pieces, 2, 1, 0, OTHER.v4Bits(), PORT);
      assertThat(one.send(sending, 0, 2)).isEqualTo(2);
      makeRoom(4);
      assertThat(other.receive(receiving, 4)).isEqualTo(2);
      assertThat(memory.network().getLong(into)).isEqualTo(7L << 32 | 8);
      assertThat(memory.network().getInt(into + 65536)).isEqualTo(9);
      assertThat(receiving.length(0)).isEqualTo(8);
      assertThat(receiving.segment(0)).isEqualTo(8);
      assertThat(receiving.sender(1)).isEqualTo(ONE.v4Bits());
      assertThat(receiving.truncated(0)).isFalse();
    }
  }

  private void makeRoom(int count) {
    for (int i = 0; i < count; i++) {
      pieces.set(8 + i, into + i * 65536, 65536);
      receiving.toReceive(i, pieces, 8 + i);
    }
  }

  @Test
  void aMessageOfManyDatagramsArrivesAsOne() {
    try (UdpSocket one = open(ONE);
        UdpSocket other = open(OTHER)) {
      one.requireSegmentation();
      one.pathMtu(PathMtu.DO);
      other.joinReceived();
      pieces.set(0, data, 2500);
      sending.toSend(0, pieces, 0, 1, 1000, OTHER.v4Bits(), PORT);
      assertThat(one.send(sending, 0, 1)).isEqualTo(1);
      makeRoom(1);
      assertThat(other.receive(receiving, 1)).isEqualTo(1);
      assertThat(receiving.length(0)).isEqualTo(2500);
      assertThat(receiving.segment(0)).isEqualTo(1000);
    }
  }

  @Test
  void aMessageLongerThanItsRoomIsCutAndTold() {
    try (UdpSocket one = open(ONE);
        UdpSocket other = open(OTHER)) {
      one.send(memory, data, 100, address, OTHER.v4Bits(), PORT);
      pieces.set(8, into, 50);
      receiving.toReceive(0, pieces, 8);
      assertThat(other.receive(receiving, 1)).isEqualTo(1);
      assertThat(receiving.truncated(0)).isTrue();
    }
  }

  @Test
  void whatIsTooLongIsRefusedOrFragmented() {
    Shell.run("ip link set lo mtu 1500");
    try (UdpSocket one = open(ONE);
        UdpSocket other = open(OTHER)) {
      one.pathMtu(PathMtu.DO);
      assertThat(one.send(memory, data, 2000, address, OTHER.v4Bits(), PORT))
          .isEqualTo(-Errno.EMSGSIZE.number());
      one.pathMtu(PathMtu.WANT);
      assertThat(one.send(memory, data, 2000, address, OTHER.v4Bits(), PORT)).isEqualTo(2000);
      assertThat(other.receive(memory, into, 3000, address)).isEqualTo(2000);
    }
  }

  @Test
  void buffersGrowAsFarAsTheKernelLets() {
    try (UdpSocket socket = open(ONE)) {
      socket.buffers(8 << 20);
      assertThat(Shell.run("ss -uamnH")).contains("rb16777216").contains("tb16777216");
    }
  }

  @Test
  void aTakenPortIsToldWithItsAddress() {
    UdpSocket first = open(ONE);
    assertThatThrownBy(() -> open(ONE))
        .isInstanceOf(LinuxException.class)
        .hasMessage("bind UDP 127.0.0.1:8285: EADDRINUSE");
    first.close();
    open(ONE).close();
  }

  @Test
  void aWaitIsEndedFromOutside() {
    UdpSocket socket = open(ONE);
    Thread waiting = Thread.ofPlatform().start(() -> socket.receive(memory, into, 100, address));
    await().until(() -> Shell.run("cat /proc/net/udp").contains("205D"));
    socket.stopReceiving();
    await().until(() -> !waiting.isAlive());
    assertThat(socket.receive(memory, into, 100, address)).isEqualTo(-Errno.EINTR.number());
    socket.close();
    socket.stopReceiving();
  }

  @Test
  void memoryIsGivenOutOnce() {
    NativeMemory small = NativeMemory.allocate(200);
    assertThat(small.take(1)).isZero();
    assertThat(small.take(100)).isEqualTo(64);
    assertThat(small.take(8)).isEqualTo(192);
    assertThatThrownBy(() -> small.take(1)).isInstanceOf(IllegalStateException.class);
  }
}
