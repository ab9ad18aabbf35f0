// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.linux.Descriptor;
import io.jflannel.linux.ffi.NativeBuffer;

/** enum bpf_map_type, as far as we use it. */
enum MapKind {
  HASH(1, 0),
  ARRAY(2, 0),
  PERCPU_ARRAY(6, 0),
  /** BPF_F_NO_PREALLOC is demanded: memory is taken entry by entry. */
  LPM_TRIE(11, 1);

  private final int number;
  private final int flags;

  MapKind(int number, int flags) {
    this.number = number;
    this.flags = flags;
  }

  Descriptor create(String name, int keyBytes, int valueBytes, int capacity) {
    NativeBuffer attributes = Bpf.attributes();
    attributes
        .bytes()
        .putInt(0, number)
        .putInt(4, keyBytes)
        .putInt(8, valueBytes)
        .putInt(12, capacity)
        .putInt(16, flags);
    Bpf.putName(name, attributes, 28);
    String operation = "create eBPF map " + name;
    return Bpf.opened(operation, Bpf.call(Bpf.MAP_CREATE, attributes));
  }
}
