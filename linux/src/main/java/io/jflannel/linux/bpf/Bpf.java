// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.linux.Capability;
import io.jflannel.linux.Descriptor;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** bpf(2): enum bpf_cmd and union bpf_attr of linux/bpf.h. */
final class Bpf {

  static final int MAP_CREATE = 0;
  static final int MAP_LOOKUP_ELEM = 1;
  static final int MAP_UPDATE_ELEM = 2;
  static final int MAP_DELETE_ELEM = 3;
  static final int PROG_LOAD = 5;
  static final int OBJ_GET_INFO_BY_FD = 15;
  static final int MAP_LOOKUP_BATCH = 24;
  static final int MAP_UPDATE_BATCH = 26;
  static final int MAP_DELETE_BATCH = 27;
  static final int LINK_CREATE = 28;

  /** BPF_OBJ_NAME_LEN less its zero. */
  private static final int LONGEST_NAME = 15;

  /** More than any command reads; what is behind its fields must be zero. */
  private static final int ATTRIBUTES = 128;

  private Bpf() {}

  static NativeBuffer attributes() {
    return NativeBuffer.allocate(ATTRIBUTES);
  }

  /** Names of maps and programs: what bpftool(8) shows, without a meaning for the kernel. */
  static void putName(String name, NativeBuffer attributes, int at) {
    if (name.length() > LONGEST_NAME || !name.matches("[A-Za-z0-9_.]+")) {
      throw new IllegalArgumentException("\"" + name + "\" is no name for an eBPF object");
    }
    attributes.bytes().put(at, name.getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * @return what the kernel returns, or the negative errno
   */
  static int call(int command, NativeBuffer attributes, Object... kept) {
    return Libc.bpf(command, attributes, List.of(kept));
  }

  /**
   * @param result of {@link #call}
   * @return the result if it is none of an error
   */
  static int checked(String operation, int result) {
    if (result < 0) {
      throw refused(operation, -result);
    }
    return result;
  }

  /** The same for what returns a descriptor. */
  static Descriptor opened(String operation, int result) {
    return Descriptor.adopt(operation, checked(operation, result));
  }

  static LinuxException refused(String operation, int errno) {
    return new LinuxException(operation, errno, advice(errno));
  }

  private static String advice(int errno) {
    if (Errno.EPERM.is(errno)) {
      return forbidden(Capability.missing(Capability.BPF, Capability.NET_ADMIN));
    }
    if (Errno.ENOSYS.is(errno)) {
      return "the kernel has no eBPF (CONFIG_BPF_SYSCALL)";
    }
    if (Errno.ENOMEM.is(errno)) {
      return "eBPF's memory counts for the control group's limit";
    }
    return "";
  }

  static String forbidden(List<Capability> missing) {
    return missing.isEmpty()
        ? "forbidden although CAP_BPF and CAP_NET_ADMIN are there: by seccomp, by lockdown,"
            + " in a user namespace, or (before Linux 5.11) by a low memlock limit"
        : "lacks " + String.join(" and ", missing.stream().map(Capability::toString).toList());
  }
}
