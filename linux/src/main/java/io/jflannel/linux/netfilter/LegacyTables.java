// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import io.jflannel.net.Family;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The tables of iptables' legacy variant (x_tables) in the network namespace of the thread that
 * calls: whether they are as they were, without a process. Needs CAP_NET_ADMIN.
 *
 * <p>Belongs to one thread. Keeps memory for the largest table that it has read.
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

  /** sizeof(struct xt_entry_target), of which the first two bytes are not the target's name. */
  private static final int TARGET = 32;

  private static final int TARGET_NAME = 2;

  /** XT_FUNCTION_MAXNAMELEN: errorname of struct xt_error_target. */
  private static final int CHAIN_NAME = 30;

  /** XT_ERROR_TARGET: such an entry is the head of a chain, or the end of the table. */
  private static final String HEAD = "ERROR";

  private static final long FNV_BASIS = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final NativeBuffer info = NativeBuffer.allocate(INFO);
  private final NativeBuffer length = NativeBuffer.allocate(Integer.BYTES);
  private NativeBuffer rules = NativeBuffer.allocate(4096);

  /** With memory for a small table. */
  public LegacyTables() {}

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
  public OptionalLong fingerprint(Family family, String table, int limit) {
    OptionalInt size = read(family, table, limit);
    return size.isPresent()
        ? OptionalLong.of(hash(size.getAsInt(), Entry.of(family)))
        : OptionalLong.empty();
  }

  /**
   * Whether the table has a chain of that name, not a built-in one.
   *
   * @param limit as above
   * @return empty if the table is larger
   * @throws LinuxException as above
   */
  public Optional<Boolean> hasChain(Family family, String table, String chain, int limit) {
    OptionalInt size = read(family, table, limit);
    return size.isPresent()
        ? Optional.of(hasChain(size.getAsInt(), Entry.of(family), chain))
        : Optional.empty();
  }

  /** Fills the buffer; returns the size of the entries behind the header. */
  private OptionalInt read(Family family, String table, int limit) {
    Entry entry = Entry.of(family);
    int socket = Libc.socket(entry.domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check("socket", socket);
    try {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int size = size(socket, entry, table);
        if (size > limit) {
          return OptionalInt.empty();
        }
        if (rules.capacity() < ENTRIES + size) {
          rules = NativeBuffer.allocate(2 * (ENTRIES + size));
        }
        rules.clear(); // the kernel leaves gaps
        name(table, rules);
        rules.bytes().putInt(NAME, size);
        int result = get(socket, entry, GET_ENTRIES, rules, ENTRIES + size);
        if (!Errno.EAGAIN.is(-result) && !Errno.EINVAL.is(-result)) { // its size has changed
          check("read the rules of " + table, result);
          return OptionalInt.of(size);
        }
      }
      return OptionalInt.empty();
    } finally {
      Libc.close(socket);
    }
  }

  private int size(int socket, Entry entry, String table) {
    name(table, info);
    check("ask about the table " + table, get(socket, entry, GET_INFO, info, INFO));
    return info.bytes().getInt(INFO_SIZE);
  }

  private static void name(String table, NativeBuffer into) {
    byte[] name = table.getBytes(StandardCharsets.US_ASCII);
    if (name.length >= NAME) {
      throw new IllegalArgumentException("\"" + table + "\" is too long for a table's name");
    }
    into.bytes().put(0, Arrays.copyOf(name, NAME));
  }

  private int get(int socket, Entry entry, int option, NativeBuffer value, int size) {
    length.bytes().putInt(0, size);
    return Libc.getsockopt(socket, entry.level, option, value, length);
  }

  /** FNV-1a over the entries without what they ignore. */
  private long hash(int size, Entry entry) {
    ByteBuffer bytes = rules.bytes();
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

  private boolean hasChain(int size, Entry entry, String chain) {
    ByteBuffer bytes = rules.bytes();
    int end = ENTRIES + size;
    int at = ENTRIES;
    while (at + entry.ignoredTo <= end) {
      int target = at + Short.toUnsignedInt(bytes.getShort(at + entry.next - Short.BYTES));
      int next = at + Short.toUnsignedInt(bytes.getShort(at + entry.next));
      if (target + TARGET + CHAIN_NAME <= Math.min(next, end)
          && isText(HEAD, bytes, target + TARGET_NAME)
          && isText(chain, bytes, target + TARGET)) {
        return true;
      }
      if (next < at + entry.ignoredTo) {
        break; // no entry is so short
      }
      at = next;
    }
    return false;
  }

  /** Whether a C string stands there, of which there is room for the longest. */
  private static boolean isText(String text, ByteBuffer bytes, int at) {
    byte[] wanted = text.getBytes(StandardCharsets.US_ASCII);
    if (wanted.length >= CHAIN_NAME) {
      return false;
    }
    byte[] there = new byte[wanted.length + 1];
    bytes.get(at, there);
    return Arrays.equals(there, Arrays.copyOf(wanted, there.length));
  }

  private static void check(String operation, int result) {
    if (result < 0) {
      throw new LinuxException("x_tables: " + operation, -result, "");
    }
  }
}
