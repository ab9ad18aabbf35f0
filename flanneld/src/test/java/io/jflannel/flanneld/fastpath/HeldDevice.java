// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A TUN or TAP device that the test holds: what is written to it the kernel receives, what the
 * kernel sends by it is read (Documentation/networking/tuntap.rst). Packets carry a struct
 * virtio_net_hdr, so that unfinished checksums and super-packets can be written; those that are
 * read are finished and cut.
 */
final class HeldDevice implements AutoCloseable {

  @SuppressWarnings("restricted")
  private static final MethodHandle IOCTL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("ioctl").orElseThrow(),
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG),
              Linker.Option.firstVariadicArg(2));

  private static final long TUNSETIFF = 0x400454caL;
  private static final int IFF_TUN = 1;
  private static final int IFF_TAP = 2;
  private static final int IFF_NO_PI_VNET_HDR = 0x1000 | 0x4000;
  private static final int O_RDWR_NONBLOCK = 2 | 0x800;
  private static final int POLLIN = 1;
  private static final int HEADER = 10;
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final String name;
  private final int descriptor;

  /** struct virtio_net_hdr (linux/virtio_net.h). */
  record Offload(int flags, int gsoType, int headers, int gsoSize, int checksumAt, int checksumIn) {

    static final Offload NONE = new Offload(0, 0, 0, 0, 0, 0);

    /** VIRTIO_NET_HDR_F_NEEDS_CSUM. */
    static Offload checksum(int from, int field) {
      return new Offload(1, 0, 0, 0, from, field);
    }

    /** VIRTIO_NET_HDR_GSO_TCPV4, for headers without options. */
    static Offload tcpSegments(int size) {
      return new Offload(1, 1, 40, size, 20, 16);
    }

    /** VIRTIO_NET_HDR_GSO_UDP_L4 (Linux 6.2). */
    static Offload udpSegments(int size) {
      return new Offload(1, 5, 28, size, 20, 6);
    }
  }

  private HeldDevice(String name, int kind) {
    this.name = name;
    descriptor = Libc.open("/dev/net/tun", O_RDWR_NONBLOCK, 0);
    assertThat(descriptor).as("open /dev/net/tun").isNotNegative();
    NativeBuffer request = NativeBuffer.allocate(40);
    request.bytes().put(0, name.getBytes(StandardCharsets.US_ASCII));
    request.bytes().putShort(16, (short) (kind | IFF_NO_PI_VNET_HDR));
    assertThat(ioctl(request)).as("TUNSETIFF").isZero();
  }

  /** In the calling thread's network namespace. */
  static HeldDevice tun(String name) {
    return new HeldDevice(name, IFF_TUN);
  }

  static HeldDevice tap(String name) {
    return new HeldDevice(name, IFF_TAP);
  }

  private int ioctl(NativeBuffer request) {
    try {
      return (int) IOCTL.invokeExact(descriptor, TUNSETIFF, request.address());
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  void write(byte[] packet) {
    write(Offload.NONE, packet);
  }

  void write(Offload offload, byte[] packet) {
    NativeBuffer memory = NativeBuffer.allocate(HEADER + packet.length);
    memory
        .bytes()
        .put(0, (byte) offload.flags())
        .put(1, (byte) offload.gsoType())
        .putShort(2, (short) offload.headers())
        .putShort(4, (short) offload.gsoSize())
        .putShort(6, (short) offload.checksumAt())
        .putShort(8, (short) offload.checksumIn())
        .put(HEADER, packet);
    int length = HEADER + packet.length;
    assertThat(Libc.write(descriptor, memory, length)).as("write to " + name).isEqualTo(length);
  }

  /** The next packet; fails if there is none for three seconds. */
  byte[] read() {
    NativeBuffer poll = NativeBuffer.allocate(8);
    poll.bytes().putInt(0, descriptor).putShort(4, (short) POLLIN);
    assertThat(Libc.poll(poll, 1, (int) PATIENCE.toMillis())).as("packet on " + name).isEqualTo(1);
    return take();
  }

  /** Whether there is no packet now. */
  boolean isQuiet() {
    NativeBuffer poll = NativeBuffer.allocate(8);
    poll.bytes().putInt(0, descriptor).putShort(4, (short) POLLIN);
    return Libc.poll(poll, 1, 0) == 0;
  }

  private byte[] take() {
    NativeBuffer memory = NativeBuffer.allocate(HEADER + 70_000);
    int length = Libc.read(descriptor, memory);
    assertThat(length).as("read from " + name).isGreaterThan(HEADER);
    assertThat(memory.bytes().getShort(0)).as("unfinished packet on " + name).isZero();
    byte[] packet = new byte[length - HEADER];
    memory.bytes().get(HEADER, packet);
    return packet;
  }

  @Override
  public void close() {
    Libc.close(descriptor);
  }
}
