// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.linux.Descriptor;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.NativeBuffer;
import io.jflannel.net.Cidr;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A map that programs in the kernel read while we change it (bpf(2)). It lives as long as it is
 * open here or a loaded program uses it. May be used by several threads.
 *
 * <p>An entry is replaced at one moment: programs see the old value or the new one. Every method
 * may throw {@link LinuxException}: E2BIG or ENOSPC if the map is full, ENOMEM.
 */
public final class BpfMap<K, V> implements AutoCloseable {

  /** Entries that one system call moves. */
  private static final int BATCH = 1024;

  private final String name;
  private final Layout<K> keys;
  private final Layout<V> values;
  private final Descriptor descriptor;

  private BpfMap(MapKind kind, String name, Layout<K> keys, Layout<V> values, int capacity) {
    this.name = name;
    this.keys = keys;
    this.values = values;
    this.descriptor = kind.create(name, keys.bytes(), values.bytes(), capacity);
  }

  /**
   * A hash table, whose memory is taken at once.
   *
   * @param name 1 to 15 letters, digits, underscores and dots; need not be unique
   * @throws LinuxException EPERM, ENOMEM, ENOSYS, with what would help
   */
  public static <K, V> BpfMap<K, V> hash(
      String name, Layout<K> keys, Layout<V> values, int capacity) {
    return new BpfMap<>(MapKind.HASH, name, keys, values, capacity);
  }

  /** IPv4 prefixes; programs get the value of the longest that holds an address. */
  public static <V> BpfMap<Cidr, V> prefixes(String name, Layout<V> values, int capacity) {
    return new BpfMap<>(MapKind.LPM_TRIE, name, Layout.IPV4_PREFIX, values, capacity);
  }

  /** Values from index 0 on, zero at first; they cannot be removed. */
  public static <V> BpfMap<Integer, V> array(String name, Layout<V> values, int length) {
    return new BpfMap<>(MapKind.ARRAY, name, Layout.U32, values, length);
  }

  int descriptor() {
    return descriptor.number();
  }

  /** The value of a key; with prefixes, that of the longest which holds the key. */
  public Optional<V> lookup(K key) {
    NativeBuffer value = NativeBuffer.allocate(values.bytes());
    int result = entry(Bpf.MAP_LOOKUP_ELEM, key, value);
    if (Errno.ENOENT.is(-result)) {
      return Optional.empty();
    }
    Bpf.checked("look up " + key + " in eBPF map " + name, result);
    return Optional.of(values.get(value.bytes(), 0));
  }

  /** Adds an entry, or replaces its value. */
  public void put(K key, V value) {
    NativeBuffer memory = NativeBuffer.allocate(values.bytes());
    values.put(value, memory.bytes(), 0);
    Bpf.checked("put " + key + " into eBPF map " + name, entry(Bpf.MAP_UPDATE_ELEM, key, memory));
  }

  /**
   * Removes an entry.
   *
   * @return whether it was there
   */
  public boolean remove(K key) {
    int result = entry(Bpf.MAP_DELETE_ELEM, key, NativeBuffer.allocate(values.bytes()));
    if (Errno.ENOENT.is(-result)) {
      return false;
    }
    Bpf.checked("remove " + key + " from eBPF map " + name, result);
    return true;
  }

  private int entry(int command, K key, NativeBuffer value) {
    NativeBuffer keyMemory = NativeBuffer.allocate(keys.bytes());
    keys.put(key, keyMemory.bytes(), 0);
    NativeBuffer attributes = Bpf.attributes();
    attributes.bytes().putInt(0, descriptor()).putLong(8, keyMemory.address());
    if (command != Bpf.MAP_DELETE_ELEM) {
      attributes.bytes().putLong(16, value.address());
    }
    return Bpf.call(command, attributes, keyMemory, value);
  }

  /**
   * What is in the map. Complete and without doubles if nobody else changes keys meanwhile. Needs
   * Linux 5.13 for prefixes, as {@link #putAll} and {@link #removeAll} do.
   */
  public Map<K, V> entries() {
    Map<K, V> all = new HashMap<>();
    Batch batch = new Batch(BATCH);
    NativeBuffer resume = NativeBuffer.allocate(Math.max(8, keys.bytes()));
    boolean more = true;
    boolean first = true;
    while (more) {
      batch.attributes.bytes().putLong(0, first ? 0 : resume.address());
      batch.attributes.bytes().putLong(8, resume.address());
      int result = batch.run(Bpf.MAP_LOOKUP_BATCH, BATCH, resume);
      more = result == 0;
      if (!Errno.ENOENT.is(-result)) {
        Bpf.checked("list eBPF map " + name, result);
      }
      for (int i = 0; i < batch.done(); i++) {
        all.put(batch.key(i), batch.value(i));
      }
      first = false;
    }
    return all;
  }

  /** Adds entries or replaces their values, one by one: if it fails, some may have been put. */
  public void putAll(Map<K, V> entries) {
    Batch batch = new Batch(Math.min(BATCH, entries.size()));
    Iterator<Map.Entry<K, V>> left = entries.entrySet().iterator();
    while (left.hasNext()) {
      int count = 0;
      for (; count < batch.capacity && left.hasNext(); count++) {
        Map.Entry<K, V> entry = left.next();
        batch.put(count, entry.getKey(), entry.getValue());
      }
      Bpf.checked(
          "put " + entries.size() + " entries into eBPF map " + name,
          batch.run(Bpf.MAP_UPDATE_BATCH, count));
    }
  }

  /** Removes entries; those that are not there are passed over. */
  public void removeAll(Collection<K> unwanted) {
    List<K> left = List.copyOf(unwanted);
    Batch batch = new Batch(Math.min(BATCH, left.size()));
    while (!left.isEmpty()) {
      int count = Math.min(batch.capacity, left.size());
      for (int i = 0; i < count; i++) {
        batch.put(i, left.get(i));
      }
      int result = batch.run(Bpf.MAP_DELETE_BATCH, count);
      boolean absent = Errno.ENOENT.is(-result); // it stopped there
      if (!absent) {
        Bpf.checked("remove " + unwanted.size() + " entries from eBPF map " + name, result);
      }
      left = left.subList(absent ? batch.done() + 1 : count, left.size());
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }

  /** Memory for entries that one call moves. */
  private final class Batch {

    private final int capacity;
    private final NativeBuffer keyMemory;
    private final NativeBuffer valueMemory;
    private final NativeBuffer attributes = Bpf.attributes();

    Batch(int capacity) {
      this.capacity = capacity;
      keyMemory = NativeBuffer.allocate(capacity * keys.bytes());
      valueMemory = NativeBuffer.allocate(capacity * values.bytes());
      attributes
          .bytes()
          .putLong(16, keyMemory.address())
          .putLong(24, valueMemory.address())
          .putInt(36, BpfMap.this.descriptor());
    }

    void put(int index, K key) {
      keys.put(key, keyMemory.bytes(), index * keys.bytes());
    }

    void put(int index, K key, V value) {
      put(index, key);
      values.put(value, valueMemory.bytes(), index * values.bytes());
    }

    K key(int index) {
      return keys.get(keyMemory.bytes(), index * keys.bytes());
    }

    V value(int index) {
      return values.get(valueMemory.bytes(), index * values.bytes());
    }

    int run(int command, int count, Object... kept) {
      attributes.bytes().putInt(32, count);
      return Bpf.call(command, attributes, keyMemory, valueMemory, List.of(kept));
    }

    /** How many entries the last call has moved, also if it failed then. */
    int done() {
      return attributes.bytes().getInt(32);
    }
  }
}
