// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import io.jflannel.net.Family;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/**
 * The tables of iptables' legacy variant (x_tables) in the network namespace of the thread that
 * calls: whether they are as they were, without a process. Needs CAP_NET_ADMIN.
 */
public final class LegacyTables {

  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;

  /** IPT_SO_GET_INFO and IP6T_SO_GET_INFO of linux/netfilter_ipv{4,6}/ip{,6}_tables.h. */
  private static final int GET_INFO = 64;

  private static final int GET_ENTRIES = 65;

  /** XT_TABLE_MAXNAMELEN. */
  private static final int NAME = 32;

  /** sizeof(struct ipt_getinfo): name, hooks, entries, underflows, number, size. */
  private static final int INFO = NAME + 4 + 5 * 4 + 5 * 4 + 4 + 4;

  private static final int INFO_SIZE = INFO - 4;

  /** sizeof(struct ipt_get_entries): name, size, padded to eight bytes. */
  private static final int ENTRIES = 40;

  /** Asking again how large a table is that has grown meanwhile. */
  private static final int ATTEMPTS = 3;

  private static final long FNV_BASIS = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private LegacyTables() {}

  /** Where the fields of struct ipt_entry or ip6t_entry are, and their size. */
  private enum Entry {
    V4(2, 0, 90, 92, 112),
    V6(10, 41, 142, 144, 168);

    private final int domain;
    private final int level;
    private final int next;

    /** Scratch memory of the kernel and the counters follow each other; neither is a rule. */
    private final int ignoredFrom;

    private final int ignoredTo;

    Entry(int domain, int level, int next, int ignoredFrom, int ignoredTo) {
      this.domain = domain;
      this.level = level;
      this.next = next;
      this.ignoredFrom = ignoredFrom;
      this.ignoredTo = ignoredTo;
    }

    static Entry of(Family family) {
      return family == Family.V4 ? V4 : V6;
    }
  }

  /**
   * A number that changes when a rule, a chain or a policy of the table changes, and not when only
   * counters do. The kernel sets the table up if it is not yet: look into {@code
   * /proc/net/ip_tables_names} first.
   *
   * @param limit bytes that the table may have; the kernel hands out all of it at once
   * @return empty if the table is larger
   * @throws LinuxException ENOENT if there is no such table; EPERM without CAP_NET_ADMIN
   */
  public static OptionalLong fingerprint(Family family, String table, int limit) {
    Entry entry = Entry.of(family);
    int socket = Libc.socket(entry.domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check("socket", socket);
    try {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int size = size(socket, entry, table);
        if (size > limit) {
          return OptionalLong.empty();
        }
        NativeBuffer buffer = named(table, ENTRIES + size);
        buffer.bytes().putInt(NAME, size);
        int result = get(socket, entry, GET_ENTRIES, buffer, ENTRIES + size);
        if (!Errno.EAGAIN.is(-result) && !Errno.EINVAL.is(-result)) { // its size has changed
          check("read the rules of " + table, result);
          return OptionalLong.of(hash(buffer.bytes(), size, entry));
        }
      }
      return OptionalLong.empty();
    } finally {
      Libc.close(socket);
    }
  }

  private static int size(int socket, Entry entry, String table) {
    NativeBuffer info = named(table, INFO);
    check("ask about the table " + table, get(socket, entry, GET_INFO, info, INFO));
    return info.bytes().getInt(INFO_SIZE);
  }

  private static NativeBuffer named(String table, int size) {
    byte[] name = table.getBytes(StandardCharsets.US_ASCII);
    if (name.length >= NAME) {
      throw new IllegalArgumentException("\"" + table + "\" is too long for a table's name");
    }
    NativeBuffer buffer = NativeBuffer.allocate(size);
    buffer.bytes().put(0, name);
    return buffer;
  }

  private static int get(int socket, Entry entry, int option, NativeBuffer value, int length) {
    NativeBuffer size = NativeBuffer.allocate(4);
    size.bytes().putInt(0, length);
    return Libc.getsockopt(socket, entry.level, option, value, size);
  }

  /** FNV-1a over the entries without what they ignore. */
  private static long hash(ByteBuffer bytes, int size, Entry entry) {
    long hash = FNV_BASIS;
    int end = ENTRIES + size;
    int at = ENTRIES;
    while (at + entry.ignoredTo <= end) {
      int next = at + Short.toUnsignedInt(bytes.getShort(at + entry.next));
      hash = hash(hash, bytes, at, at + entry.ignoredFrom);
      hash = hash(hash, bytes, at + entry.ignoredTo, Math.min(next, end));
      if (next < at + entry.ignoredTo) {
        break; // no entry is so short
      }
      at = next;
    }
    return hash;
  }

  private static long hash(long start, ByteBuffer bytes, int from, int to) {
    long hash = start;
    for (int i = from; i < to; i++) {
      hash = (hash ^ bytes.get(i)) * FNV_PRIME;
    }
    return hash;
  }

  private static void check(String operation, int result) {
    if (result < 0) {
      throw new LinuxException("x_tables: " + operation, -result, "");
    }
  }
}
