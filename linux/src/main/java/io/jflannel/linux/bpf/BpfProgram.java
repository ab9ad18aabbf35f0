// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.linux.Descriptor;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A program for packets of a device (BPF_PROG_TYPE_SCHED_CLS), checked by the kernel and ready to
 * be attached. It lives as long as it is open here or attached.
 */
public final class BpfProgram implements AutoCloseable {

  /** BPF_PROG_TYPE_SCHED_CLS. */
  private static final int SCHED_CLS = 3;

  /** The verifier's log; kernels from 6.4 on keep its end if it is longer. */
  private static final int LOG = 1 << 18;

  /** A signal interrupts the verifier; libbpf repeats as often. */
  private static final int ATTEMPTS = 5;

  private final String name;
  private final Descriptor descriptor;

  private BpfProgram(String name, Descriptor descriptor) {
    this.name = name;
    this.descriptor = descriptor;
  }

  /**
   * Loads a program.
   *
   * @param name 1 to 15 letters, digits, underscores and dots; need not be unique
   * @throws VerifierException if the kernel does not accept it
   * @throws LinuxException EPERM, ENOMEM, ENOSYS, with what would help
   */
  public static BpfProgram load(String name, Assembler code) {
    String operation = "load eBPF program " + name;
    byte[] instructions = code.assemble();
    int result = load(name, instructions, NativeBuffer.allocate(0));
    if (result < 0 && !Errno.EPERM.is(-result) && !Errno.ENOSYS.is(-result)) {
      NativeBuffer log = NativeBuffer.allocate(LOG);
      int again = load(name, instructions, log);
      if (again < 0) {
        throw refused(operation, -result, text(log));
      }
      result = again;
    }
    return new BpfProgram(name, Bpf.opened(operation, result));
  }

  private static LinuxException refused(String operation, int errno, String log) {
    return log.isEmpty()
        ? Bpf.refused(operation, errno)
        : new VerifierException(operation, errno, log);
  }

  private static int load(String name, byte[] instructions, NativeBuffer log) {
    NativeBuffer code = NativeBuffer.of(instructions);
    NativeBuffer licence = NativeBuffer.ofString("Apache-2.0");
    NativeBuffer attributes = Bpf.attributes();
    attributes
        .bytes()
        .putInt(0, SCHED_CLS)
        .putInt(4, instructions.length / Assembler.INSTRUCTION)
        .putLong(8, code.address())
        .putLong(16, licence.address());
    if (log.capacity() > 0) {
      attributes.bytes().putInt(24, 1).putInt(28, log.capacity()).putLong(32, log.address());
    }
    Bpf.putName(name, attributes, 48);
    int result = Bpf.call(Bpf.PROG_LOAD, attributes, code, licence, log);
    for (int i = 1; i < ATTEMPTS && Errno.EAGAIN.is(-result); i++) {
      result = Bpf.call(Bpf.PROG_LOAD, attributes, code, licence, log);
    }
    return result;
  }

  private static String text(NativeBuffer log) {
    byte[] bytes = new byte[log.capacity()];
    log.bytes().get(0, bytes);
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  int descriptor() {
    return descriptor.number();
  }

  @Override
  public void close() {
    descriptor.close();
  }

  /** Its name. */
  @Override
  public String toString() {
    return name;
  }
}
