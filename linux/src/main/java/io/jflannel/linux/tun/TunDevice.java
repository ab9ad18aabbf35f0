// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.Poller;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A TUN device that lives as long as this object is open (linux/if_tun.h): what the kernel routes
 * into it is read here, what is written here has arrived on it. Not blocking.
 *
 * <p>One thread may read while another writes.
 */
public final class TunDevice implements AutoCloseable {

  /** What the kernel may leave to us, and we to it. */
  public enum Offload {
    /** Each packet is whole. */
    NONE(0),
    /** Checksums, and large TCP packets: TUN_F_CSUM, TSO4, TSO6, TSO_ECN. */
    TCP(0x0f),
    /** Also large UDP packets: TUN_F_USO4, USO6 (Linux 6.2). */
    TCP_AND_UDP(0x6f);

    private final int flags;

    Offload(int flags) {
      this.flags = flags;
    }
  }

  /** sizeof(struct virtio_net_hdr), before each packet unless {@link Offload#NONE}. */
  public static final int HEADER = 10;

  private static final int IFF_TUN = 0x0001;
  private static final int IFF_NO_PI = 0x1000;
  private static final int IFF_VNET_HDR = 0x4000;
  private static final long TUNSETIFF = 0x400454caL;
  private static final long TUNSETOFFLOAD = 0x400454d0L;
  private static final int O_RDWR = 2;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;

  /** sizeof(struct ifreq). */
  private static final int REQUEST = 40;

  private static final int NAME = 16;

  private final int descriptor;
  private final String name;
  private final Offload offload;
  private boolean closed;

  private TunDevice(int descriptor, String name, Offload offload) {
    this.descriptor = descriptor;
    this.name = name;
    this.offload = offload;
  }

  /**
   * Makes a device, in the calling thread's network namespace.
   *
   * @param name as {@code flannel0}; with {@code %d} the first number that is free
   * @param offload what the kernel shall leave to us; it may know less
   * @throws LinuxException EBUSY if another process has that device, EINVAL if the name is another
   *     kind of device's, EPERM without CAP_NET_ADMIN, ENOENT without /dev/net/tun
   */
  public static TunDevice open(String name, Offload offload) {
    return open(name, offload, TunDevice::ask);
  }

  /** Asks the kernel to leave something to us; answers 0 or the negative errno. */
  interface Asking {
    int offload(int descriptor, int flags);
  }

  private static int ask(int descriptor, int flags) {
    return Libc.ioctl(descriptor, TUNSETOFFLOAD, flags);
  }

  static TunDevice open(String name, Offload offload, Asking asking) {
    int descriptor =
        checked("open /dev/net/tun", Libc.open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC, 0));
    try {
      boolean header = offload != Offload.NONE;
      String given = attach(descriptor, name, header);
      Offload granted =
          header ? granted(descriptor, offload, asking).orElse(Offload.NONE) : offload;
      if (header && granted == Offload.NONE) { // again, without a header
        Libc.close(descriptor);
        return open(given, Offload.NONE, asking);
      }
      return new TunDevice(descriptor, given, granted);
    } catch (LinuxException e) {
      Libc.close(descriptor);
      throw e;
    }
  }

  private static String attach(int descriptor, String name, boolean header) {
    NativeBuffer request = NativeBuffer.allocate(REQUEST);
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= NAME) {
      throw new IllegalArgumentException("a name has at most " + (NAME - 1) + " bytes: " + name);
    }
    request.bytes().put(0, bytes);
    request.bytes().putShort(NAME, (short) (IFF_TUN | IFF_NO_PI | (header ? IFF_VNET_HDR : 0)));
    checked("make TUN device " + name, Libc.ioctl(descriptor, TUNSETIFF, request));
    byte[] given = new byte[NAME];
    request.bytes().get(0, given);
    return new String(given, StandardCharsets.UTF_8).replaceAll("\0.*", "");
  }

  private static Optional<Offload> granted(int descriptor, Offload wish, Asking asking) {
    return List.of(Offload.TCP_AND_UDP, Offload.TCP).stream()
        .filter(offload -> offload.compareTo(wish) <= 0)
        .filter(offload -> asking.offload(descriptor, offload.flags) >= 0)
        .findFirst();
  }

  private static int checked(String operation, int result) {
    if (result < 0) {
      throw new LinuxException(operation, -result, "");
    }
    return result;
  }

  public String name() {
    return name;
  }

  /** What was granted. */
  public Offload offload() {
    return offload;
  }

  /** Waits until there is something to read, or until it is woken. */
  public Poller poller() {
    return Poller.of(descriptor);
  }

  /**
   * Reads one packet, with its header if there is one.
   *
   * @return bytes; negative errno: EAGAIN if there is none, EBADFD if the device was deleted
   */
  public int read(Memory into, int at, int length) {
    return Libc.read(descriptor, into, into.address(at, length), length);
  }

  /**
   * Writes one packet, with its header if there is one.
   *
   * @return bytes; negative errno: EIO if the device is down, EBADFD if it was deleted, EINVAL if
   *     it is no IP packet
   */
  public int write(Memory from, int at, int length) {
    return Libc.write(descriptor, from, from.address(at, length), length);
  }

  /** The same for a packet in pieces. */
  public int write(Pieces pieces, int from, int count) {
    return Libc.writev(descriptor, pieces, pieces.address(from, count), count);
  }

  /** Whether an answer of {@link #read} or {@link #write} means that the device is gone. */
  public static boolean isGone(int answer) {
    return Errno.EBADFD.is(-answer) || Errno.ENODEV.is(-answer);
  }

  /** Deletes the device. Call it after the threads have left {@link #read} and {@link #write}. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
    }
  }
}
