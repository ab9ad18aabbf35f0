// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.linux.Descriptor;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.NativeBuffer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An array of which each CPU has its own, so that programs count without locks. Starts with zeros.
 * May be used by several threads.
 */
public final class PerCpuArray<V> implements AutoCloseable {

  /** What the kernel can ever have, not what it has now: it copies that many values. */
  private static final Path POSSIBLE = Path.of("/sys/devices/system/cpu/possible");

  private final String name;
  private final Layout<V> values;
  private final int cpus;
  private final Descriptor descriptor;

  private PerCpuArray(String name, Layout<V> values, int length) {
    this.name = name;
    this.values = values;
    this.cpus = possible();
    this.descriptor = MapKind.PERCPU_ARRAY.create(name, 4, values.bytes(), length);
  }

  /**
   * Makes one.
   *
   * @param name 1 to 15 letters, digits, underscores and dots; need not be unique
   * @throws LinuxException EPERM, ENOMEM, ENOSYS, with what would help
   */
  public static <V> PerCpuArray<V> create(String name, Layout<V> values, int length) {
    return new PerCpuArray<>(name, values, length);
  }

  private static int possible() {
    try {
      return count(Files.readString(POSSIBLE).strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of a list of ranges: {@code 0-3,8} are five. */
  static int count(String ranges) {
    int count = 0;
    for (String range : ranges.split(",", -1)) {
      String[] ends = range.split("-", 2);
      count += Integer.parseInt(ends[ends.length - 1]) - Integer.parseInt(ends[0]) + 1;
    }
    return count;
  }

  int descriptor() {
    return descriptor.number();
  }

  /**
   * The values of all CPUs, not of one moment: programs go on.
   *
   * @throws LinuxException ENOENT beyond the end
   */
  public List<V> lookup(int index) {
    int stride = values.bytes() + 7 & -8;
    NativeBuffer key = NativeBuffer.allocate(4);
    key.bytes().putInt(0, index);
    NativeBuffer found = NativeBuffer.allocate(stride * cpus);
    NativeBuffer attributes = Bpf.attributes();
    attributes
        .bytes()
        .putInt(0, descriptor())
        .putLong(8, key.address())
        .putLong(16, found.address());
    Bpf.checked(
        "look up " + index + " in eBPF map " + name,
        Bpf.call(Bpf.MAP_LOOKUP_ELEM, attributes, key, found));
    List<V> all = new ArrayList<>(cpus);
    for (int cpu = 0; cpu < cpus; cpu++) {
      all.add(values.get(found.bytes(), cpu * stride));
    }
    return all;
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
