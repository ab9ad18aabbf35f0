// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.ffi;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;

/**
 * The C library's functions that we call. Each returns what the C function returns, or the negative
 * errno where that returns -1.
 *
 * <p>All go through one downcall shape, six longs in and one out: linking one shape instead of one
 * per function makes a program start about 100 ms earlier. The calling conventions of Linux pass
 * integers and pointers in the same registers, and surplus arguments are ignored; an {@code int}
 * result leaves the upper half of the register undefined and is narrowed here, as are sizes, which
 * our buffers keep below 2 GiB.
 *
 * <p>None of the calls is "critical" in the sense of {@link Linker.Option#critical}: they may
 * block. Call them from platform threads.
 */
public final class Libc {

  private static final Linker LINKER = Linker.nativeLinker();

  private static final MethodHandle CALL = linkedCall();

  /** Where a call leaves its errno: one per thread, so that no thread reads another's. */
  private static final ThreadLocal<MemorySegment> ERRNO =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

  private static final MemorySegment BIND = symbol("bind");
  private static final MemorySegment CLOCK_GETTIME = symbol("clock_gettime");
  private static final MemorySegment CLOSE = symbol("close");
  private static final MemorySegment EVENTFD = symbol("eventfd");
  private static final MemorySegment EXECVE = symbol("execve");
  private static final MemorySegment FCNTL = symbol("fcntl");
  private static final MemorySegment GETSOCKNAME = symbol("getsockname");
  private static final MemorySegment GETSOCKOPT = symbol("getsockopt");
  private static final MemorySegment IOCTL = symbol("ioctl");
  private static final MemorySegment MOUNT = symbol("mount");
  private static final MemorySegment OPEN = symbol("open");
  private static final MemorySegment POLL = symbol("poll");
  private static final MemorySegment READ = symbol("read");
  private static final MemorySegment RECVFROM = symbol("recvfrom");
  private static final MemorySegment RECVMMSG = symbol("recvmmsg");
  private static final MemorySegment SENDMMSG = symbol("sendmmsg");
  private static final MemorySegment SENDTO = symbol("sendto");
  private static final MemorySegment SETNS = symbol("setns");
  private static final MemorySegment SETSOCKOPT = symbol("setsockopt");
  private static final MemorySegment SHUTDOWN = symbol("shutdown");
  private static final MemorySegment SIGNAL = symbol("signal");
  private static final MemorySegment SOCKET = symbol("socket");
  private static final MemorySegment SYSCALL = symbol("syscall");
  private static final MemorySegment UMOUNT2 = symbol("umount2");
  private static final MemorySegment UNSHARE = symbol("unshare");
  private static final MemorySegment WRITE = symbol("write");
  private static final MemorySegment WRITEV = symbol("writev");

  /** Of bpf(2): asm/unistd_64.h, and asm-generic/unistd.h for all younger architectures. */
  private static final int BPF_NUMBER =
      switch (System.getProperty("os.arch")) {
        case "amd64" -> 321;
        case "s390x" -> 351;
        case "ppc64le" -> 361;
        case null, default -> 280;
      };

  /** Of calls that pass no memory. */
  private static final Object NOTHING = new Object();

  private Libc() {}

  /** <a href="https://man7.org/linux/man-pages/man2/socket.2.html">socket(2)</a>. */
  public static int socket(int domain, int type, int protocol) {
    return call(SOCKET, NOTHING, domain, type, protocol, 0, 0, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/clock_gettime.2.html">clock_gettime(2)</a>.
   *
   * @param timespec gets seconds and nanoseconds, 8 bytes each
   */
  public static int clockGettime(int clock, NativeBuffer timespec) {
    return call(CLOCK_GETTIME, timespec, clock, timespec.address(), 0, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/bind.2.html">bind(2)</a>. */
  public static int bind(int socket, NativeBuffer address, int length) {
    return call(BIND, address, socket, address.address(), length, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/getsockname.2.html">getsockname(2)</a>. */
  public static int getsockname(int socket, NativeBuffer address, NativeBuffer length) {
    Object kept = List.of(address, length);
    return call(GETSOCKNAME, kept, socket, address.address(), length.address(), 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/setsockopt.2.html">setsockopt(2)</a>. */
  public static int setsockopt(int socket, int level, int option, NativeBuffer value, int length) {
    return call(SETSOCKOPT, value, socket, level, option, value.address(), length, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/getsockopt.2.html">getsockopt(2)</a>.
   *
   * @param length in: bytes that the value may have; out: bytes that it has
   */
  public static int getsockopt(
      int socket, int level, int option, NativeBuffer value, NativeBuffer length) {
    Object kept = List.of(value, length);
    return call(GETSOCKOPT, kept, socket, level, option, value.address(), length.address(), 0);
  }

  /** {@link #setsockopt(int, int, int, NativeBuffer, int)} with a C {@code int}. */
  public static int setsockopt(int socket, int level, int option, int value) {
    NativeBuffer buffer = NativeBuffer.allocate(4);
    buffer.bytes().putInt(0, value);
    return setsockopt(socket, level, option, buffer, 4);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/send.2.html">send(2)</a>. */
  public static int send(int socket, NativeBuffer data, int length, int flags) {
    return call(SENDTO, data, socket, data.address(), length, flags, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/sendto.2.html">sendto(2)</a>. */
  public static int sendto(
      int socket, NativeBuffer data, int length, int flags, NativeBuffer to, int toLength) {
    Object kept = List.of(data, to);
    return call(SENDTO, kept, socket, data.address(), length, flags, to.address(), toLength);
  }

  /** {@link #sendto} from and to parts of one memory. */
  public static int sendto(
      int socket, NativeBuffer memory, int offset, int length, int to, int toLength) {
    long base = memory.address();
    return call(SENDTO, memory, socket, base + offset, length, 0, base + to, toLength);
  }

  /** {@link #recvfrom} into parts of one memory. */
  public static int recvfrom(
      int socket,
      NativeBuffer memory,
      int offset,
      int length,
      int flags,
      int from,
      int fromLength) {
    long base = memory.address();
    return call(
        RECVFROM, memory, socket, base + offset, length, flags, base + from, base + fromLength);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/sendmmsg.2.html">sendmmsg(2)</a>.
   *
   * @param messages where in the memory the array of struct mmsghdr is; it must point into the same
   */
  public static int sendmmsg(int socket, NativeBuffer memory, int messages, int count, int flags) {
    return call(SENDMMSG, memory, socket, memory.address() + messages, count, flags, 0, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/recvmmsg.2.html">recvmmsg(2)</a> without time
   * limit.
   *
   * @param messages where in the memory the array of struct mmsghdr is; it must point into the same
   */
  public static int recvmmsg(int socket, NativeBuffer memory, int messages, int count, int flags) {
    return call(RECVMMSG, memory, socket, memory.address() + messages, count, flags, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/shutdown.2.html">shutdown(2)</a>. */
  public static int shutdown(int socket, int how) {
    return call(SHUTDOWN, NOTHING, socket, how, 0, 0, 0, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/recvfrom.2.html">recvfrom(2)</a>.
   *
   * @param fromLength in: capacity of {@code from}; out: the sender's length
   */
  public static int recvfrom(
      int socket, NativeBuffer into, int flags, NativeBuffer from, NativeBuffer fromLength) {
    Object kept = List.of(into, from, fromLength);
    long length = into.capacity();
    return call(
        RECVFROM,
        kept,
        socket,
        into.address(),
        length,
        flags,
        from.address(),
        fromLength.address());
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/poll.2.html">poll(2)</a>.
   *
   * @param descriptors array of struct pollfd: int fd, short events, short revents
   * @param milliseconds -1 waits for ever
   */
  public static int poll(NativeBuffer descriptors, int count, int milliseconds) {
    return call(POLL, descriptors, descriptors.address(), count, milliseconds, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2)</a>. */
  public static int eventfd(int initial, int flags) {
    return call(EVENTFD, NOTHING, initial, flags, 0, 0, 0, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/execve.2.html">execve(2)</a>: comes back only if
   * it fails.
   */
  public static int execve(String program, List<String> words, List<String> variables) {
    NativeBuffer name = NativeBuffer.ofString(program);
    List<Object> kept = new ArrayList<>();
    NativeBuffer first = array(words, kept);
    NativeBuffer second = array(variables, kept);
    return call(EXECVE, kept, name.address(), first.address(), second.address(), 0, 0, 0);
  }

  /** A null-terminated array of C strings. */
  private static NativeBuffer array(List<String> texts, List<Object> kept) {
    NativeBuffer array = NativeBuffer.allocate(8 * (texts.size() + 1));
    for (int i = 0; i < texts.size(); i++) {
      NativeBuffer text = NativeBuffer.ofString(texts.get(i));
      kept.add(text);
      array.bytes().putLong(8 * i, text.address());
    }
    kept.add(array);
    return array;
  }

  /** <a href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</a> with a number. */
  public static int fcntl(int descriptor, int command, int argument) {
    return call(FCNTL, NOTHING, descriptor, command, argument, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/open.2.html">open(2)</a>. */
  public static int open(String path, int flags, int mode) {
    NativeBuffer name = NativeBuffer.ofString(path);
    return call(OPEN, name, name.address(), flags, mode, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/read.2.html">read(2)</a>. */
  public static int read(int descriptor, NativeBuffer into) {
    return call(READ, into, descriptor, into.address(), into.capacity(), 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/write.2.html">write(2)</a>. */
  public static int write(int descriptor, NativeBuffer from, int length) {
    return call(WRITE, from, descriptor, from.address(), length, 0, 0, 0);
  }

  /** {@link #read(int, NativeBuffer)} into a part of the memory. */
  public static int read(int descriptor, NativeBuffer memory, int offset, int length) {
    return call(READ, memory, descriptor, memory.address() + offset, length, 0, 0, 0);
  }

  /** {@link #write(int, NativeBuffer, int)} from a part of the memory. */
  public static int write(int descriptor, NativeBuffer memory, int offset, int length) {
    return call(WRITE, memory, descriptor, memory.address() + offset, length, 0, 0, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/writev.2.html">writev(2)</a>.
   *
   * @param vector where in the memory the array of struct iovec is; it must point into the same
   */
  public static int writev(int descriptor, NativeBuffer memory, int vector, int count) {
    return call(WRITEV, memory, descriptor, memory.address() + vector, count, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/ioctl.2.html">ioctl(2)</a> with a pointer. */
  public static int ioctl(int descriptor, int request, NativeBuffer argument) {
    return call(
        IOCTL, argument, descriptor, Integer.toUnsignedLong(request), argument.address(), 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/ioctl.2.html">ioctl(2)</a> with a number. */
  public static int ioctl(int descriptor, int request, int argument) {
    return call(IOCTL, NOTHING, descriptor, Integer.toUnsignedLong(request), argument, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/close.2.html">close(2)</a>. */
  public static int close(int descriptor) {
    return call(CLOSE, NOTHING, descriptor, 0, 0, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/setns.2.html">setns(2)</a>. */
  public static int setns(int descriptor, int type) {
    return call(SETNS, NOTHING, descriptor, type, 0, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/unshare.2.html">unshare(2)</a>. */
  public static int unshare(int flags) {
    return call(UNSHARE, NOTHING, flags, 0, 0, 0, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/mount.2.html">mount(2)</a> without data. */
  public static int mount(String source, String target, String type, long flags) {
    NativeBuffer from = NativeBuffer.ofString(source);
    NativeBuffer to = NativeBuffer.ofString(target);
    NativeBuffer kind = NativeBuffer.ofString(type);
    Object kept = List.of(from, to, kind);
    return call(MOUNT, kept, from.address(), to.address(), kind.address(), flags, 0, 0);
  }

  /** <a href="https://man7.org/linux/man-pages/man2/umount.2.html">umount2(2)</a>. */
  public static int umount2(String target, int flags) {
    NativeBuffer path = NativeBuffer.ofString(target);
    return call(UMOUNT2, path, path.address(), flags, 0, 0, 0, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/signal.2.html">signal(2)</a>.
   *
   * @param handler SIG_DFL or SIG_IGN
   * @return the former handler: exact if that was one of these two, else a part of its address
   */
  public static int signal(int number, int handler) {
    return call(SIGNAL, NOTHING, number, handler, 0, 0, 0, 0);
  }

  /**
   * <a href="https://man7.org/linux/man-pages/man2/bpf.2.html">bpf(2)</a>, for which the C library
   * has no function.
   *
   * @param attributes union bpf_attr; all of it is passed
   * @param kept the memory behind the addresses in the attributes
   */
  public static int bpf(int command, NativeBuffer attributes, Object kept) {
    Object all = List.of(attributes, kept);
    return call(
        SYSCALL, all, BPF_NUMBER, command, attributes.address(), attributes.capacity(), 0, 0);
  }

  /**
   * The one downcall.
   *
   * @param kept the memory behind the addresses, which must outlive the call
   */
  private static int call(
      MemorySegment f, Object kept, long a, long b, long c, long d, long e, long g) {
    MemorySegment errno = ERRNO.get();
    try {
      int result = (int) (long) CALL.invokeExact(f, errno, a, b, c, d, e, g);
      return result == -1 ? -errno.get(JAVA_INT, 0) : result;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    } finally {
      Reference.reachabilityFence(kept);
    }
  }

  @SuppressWarnings("restricted")
  private static MethodHandle linkedCall() {
    return LINKER.downcallHandle(
        FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
        Linker.Option.captureCallState("errno"));
  }

  private static MemorySegment symbol(String name) {
    return LINKER
        .defaultLookup()
        .find(name)
        .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no " + name));
  }
}
