// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.linux.Descriptor;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.Sysctl;
import io.jflannel.linux.ffi.NativeBuffer;

/**
 * A program at a device (TCX, Linux 6.6): it runs behind the programs that were attached before, as
 * long as the link is open and the device exists. Nothing is left of it when the process ends.
 */
public final class TcxLink implements AutoCloseable {

  /** Where in the way of a packet. */
  public enum Hook {
    /** Before the stack sees what the device has received. */
    INGRESS(46),
    /** Before the device gets what the stack sends. */
    EGRESS(47);

    private final int attachType;

    Hook(int attachType) {
      this.attachType = attachType;
    }
  }

  /** enum tcx_action_base: to the next program, then to the stack or device. */
  public static final int NEXT = -1;

  /** Throws the packet away. */
  public static final int DROP = 2;

  /** struct bpf_link_info up to the attachment of TCX: type, id, program, then interface, hook. */
  private static final int INFO = 24;

  private static final int INFO_IFINDEX = 16;

  private final Descriptor descriptor;

  private TcxLink(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Attaches to a device of the calling thread's network namespace.
   *
   * @throws LinuxException ENODEV if there is none with this index; EPERM; EOPNOTSUPP if the kernel
   *     has no TCX
   */
  public static TcxLink attach(BpfProgram program, int ifindex, Hook hook) {
    String operation = "attach eBPF program " + program + " to interface " + ifindex;
    NativeBuffer attributes = Bpf.attributes();
    attributes
        .bytes()
        .putInt(0, program.descriptor())
        .putInt(4, ifindex)
        .putInt(8, hook.attachType);
    int result = Bpf.call(Bpf.LINK_CREATE, attributes);
    if (Errno.EINVAL.is(-result)) {
      throw withoutTcx(operation, new Sysctl("kernel/osrelease").read().orElse("unknown"));
    }
    return new TcxLink(Bpf.opened(operation, result));
  }

  /** Nothing else in the attributes can be invalid. */
  static LinuxException withoutTcx(String operation, String release) {
    return new LinuxException(
        operation,
        Errno.EOPNOTSUPP.number(),
        "the kernel has no TCX, which came with Linux 6.6; this is " + release);
  }

  /** Whether the device is still there. Once false, it stays so. */
  public boolean isAttached() {
    NativeBuffer info = NativeBuffer.allocate(INFO);
    NativeBuffer attributes = Bpf.attributes();
    attributes.bytes().putInt(0, descriptor.number()).putInt(4, INFO).putLong(8, info.address());
    Bpf.checked("look at eBPF link", Bpf.call(Bpf.OBJ_GET_INFO_BY_FD, attributes, info));
    return info.bytes().getInt(INFO_IFINDEX) != 0;
  }

  /** Detaches. */
  @Override
  public void close() {
    descriptor.close();
  }
}
