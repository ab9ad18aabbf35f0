// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A TUN device (Documentation/networking/tuntap.rst) of the opening thread's network namespace,
 * which ends with this. One thread reads, one writes, any may {@link #wake} the reader.
 */
public final class TunDevice implements AutoCloseable {

  /** What stands before each packet. */
  public enum Framing {
    /** Nothing. */
    PLAIN(0),
    /** A {@link VnetHeader}. */
    VNET(0x4000);

    private final int flag;

    Framing(int flag) {
      this.flag = flag;
    }
  }

  /** What the kernel may leave undone in packets that it gives to us (linux/if_tun.h, TUN_F_*). */
  public enum Offload {
    /** Checksums, TCP segmentation with and without ECN, UDP segmentation (Linux 6.2). */
    CHECKSUM_TCP_UDP(0x6f),
    /** Checksums and TCP segmentation with and without ECN. */
    CHECKSUM_TCP(0x0f);

    private final int flags;

    Offload(int flags) {
      this.flags = flags;
    }
  }

  private static final int O_RDWR = 2;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;
  private static final int TUNSETIFF = 0x400454ca;
  private static final int TUNSETOFFLOAD = 0x400454d0;
  private static final int IFF_TUN = 1;
  private static final int IFF_NO_PI = 0x1000;
  private static final int EFD_CLOEXEC = 0x80000;
  private static final int EFD_NONBLOCK = 0x800;
  private static final int POLLFD = 8;
  private static final short POLLIN = 1;

  /**
   * sizeof(struct ifreq): the name, and a union of flags (two bytes), a queue's length (an int) ...
   */
  private static final int IFREQ = 40;

  private static final int IFNAMSIZ = 16;

  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SIOCSIFTXQLEN = 0x8943;

  /**
   * Packets that wait for the reader: as for Ethernet (DEFAULT_TX_QUEUE_LEN, net/core/dev.h). The
   * 500 that a TUN begins with are full when the reader is kept from its processor for 3 ms.
   */
  private static final int QUEUE = 1000;

  private final SystemCalls calls;
  private final int descriptor;
  private final int wakeUp;
  private final String name;
  private final NativeBuffer polled = NativeBuffer.allocate(2 * POLLFD);
  private final NativeBuffer one = NativeBuffer.allocate(8);
  private boolean closed;

  private TunDevice(SystemCalls calls, int descriptor, int wakeUp, String name) {
    this.calls = calls;
    this.descriptor = descriptor;
    this.wakeUp = wakeUp;
    this.name = name;
    one.bytes().putLong(0, 1);
    polled.bytes().putInt(0, descriptor).putShort(4, POLLIN);
    polled.bytes().putInt(POLLFD, wakeUp).putShort(POLLFD + 4, POLLIN);
  }

  /**
   * Opens a device, down and without address. It is not persistent: it ends with the last
   * descriptor.
   *
   * @param wished a name, for which one with another number at its end is taken if it is in use; or
   *     a template such as {@code flannel%d}, in which the kernel puts the lowest free number
   * @throws LinuxException ENOENT (no /dev/net/tun), EPERM, EINVAL (a kernel without that framing)
   */
  public static TunDevice open(SystemCalls calls, String wished, Framing framing) {
    int descriptor = calls.open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    check("open /dev/net/tun", descriptor);
    try {
      String name = named(calls, descriptor, wished, framing);
      lengthenQueue(calls, name);
      int wakeUp = Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
      check("eventfd", wakeUp);
      return new TunDevice(calls, descriptor, wakeUp, name);
    } catch (LinuxException e) {
      Libc.close(descriptor);
      throw e;
    }
  }

  private static String named(SystemCalls calls, int descriptor, String wished, Framing framing) {
    byte[] request = request(wished, framing);
    int result = calls.ioctl(descriptor, TUNSETIFF, request);
    // EINVAL: the name is that of a device of another kind
    boolean taken = Errno.EBUSY.is(-result) || Errno.EINVAL.is(-result);
    if (taken && !wished.contains("%d")) {
      request = request(wished.replaceFirst("[0-9]*$", "%d"), framing);
      result = calls.ioctl(descriptor, TUNSETIFF, request);
    }
    check("TUNSETIFF " + wished + " " + framing, result);
    int length = 0;
    while (length < IFNAMSIZ && request[length] != 0) {
      length++;
    }
    return new String(request, 0, length, StandardCharsets.US_ASCII);
  }

  private static byte[] request(String name, Framing framing) {
    short flags = (short) (IFF_TUN | IFF_NO_PI | framing.flag);
    return request(name).putShort(IFNAMSIZ, flags).array();
  }

  private static ByteBuffer request(String name) {
    byte[] text = name.getBytes(StandardCharsets.US_ASCII);
    if (text.length == 0 || text.length >= IFNAMSIZ) {
      throw new IllegalArgumentException("\"" + name + "\" is no name for a device");
    }
    return ByteBuffer.allocate(IFREQ).order(ByteOrder.nativeOrder()).put(0, text);
  }

  private static void lengthenQueue(SystemCalls calls, String name) {
    int socket = Libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check("socket", socket);
    int result = calls.ioctl(socket, SIOCSIFTXQLEN, request(name).putInt(IFNAMSIZ, QUEUE).array());
    Libc.close(socket);
    check("SIOCSIFTXQLEN " + name, result);
  }

  private static void check(String operation, int result) {
    if (result < 0) {
      throw new LinuxException(operation, -result, "");
    }
  }

  /** The name that the device has got. */
  public String name() {
    return name;
  }

  /**
   * Lets the kernel leave work to us; without, it leaves none. Needs {@link Framing#VNET}.
   *
   * @throws LinuxException EINVAL on a kernel that does not know it
   */
  public void offload(Offload offload) {
    check("TUNSETOFFLOAD " + offload, calls.ioctl(descriptor, TUNSETOFFLOAD, offload.flags));
  }

  /**
   * Reads one packet with what stands before it; never waits.
   *
   * @return its length, or -EAGAIN if there is none, -EBADFD if the device was deleted
   */
  public int read(NativeMemory memory, int offset, int length) {
    return calls.read(descriptor, memory, offset, length);
  }

  /**
   * Hands one packet, with what stands before it, to the kernel as received.
   *
   * @return its length, or -EIO while the device is down, -EINVAL if it is none, -EBADFD if the
   *     device was deleted
   */
  public int write(NativeMemory memory, int offset, int length) {
    return calls.write(descriptor, memory, offset, length);
  }

  /** {@link #write} of a packet in pieces, {@code count} of them from the {@code first} on. */
  public int write(IoVectors pieces, int first, int count) {
    return calls.writev(descriptor, pieces.memory(), pieces.at(first), count);
  }

  /** Waits until there is a packet, the device was deleted, or {@link #wake} is or was called. */
  public void await() {
    int ready = Libc.poll(polled, 2, -1);
    if (ready < 0 && !Errno.EINTR.is(-ready)) {
      check("poll", ready);
    }
  }

  /** Ends this and every later {@link #await}. */
  public synchronized void wake() {
    if (!closed) {
      Libc.write(wakeUp, one, 8);
    }
  }

  /** Removes the device. Call it when its threads have ended. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
      Libc.close(wakeUp);
    }
  }
}
