// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import com.google.protobuf.ByteString;
import io.jflannel.etcd.KeyValue;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.util.Optional;

/** Translates etcd's keys and values. */
final class Entries {

  private Entries() {}

  /**
   * The name of a key that is a direct child of {@code subnets/}; with U+FFFD where it is no UTF-8,
   * so that it is refused and shown.
   */
  static Optional<String> name(KeyNames keys, ByteString key) {
    return keys.leaseName(key.toStringUtf8());
  }

  static Entry entry(String name, KeyValue kv) {
    Optional<String> problem = problem(kv.getValue());
    return new Entry(
        name,
        problem.isEmpty() ? kv.getValue().toStringUtf8() : "",
        problem,
        kv.getCreateRevision(),
        kv.getModRevision(),
        kv.getLease(),
        kv.getLease() == 0,
        Optional.empty());
  }

  private static Optional<String> problem(ByteString value) {
    if (value.size() > Registry.LARGEST_VALUE) {
      return Optional.of(
          "the value has %d bytes, more than %d".formatted(value.size(), Registry.LARGEST_VALUE));
    }
    return value.isValidUtf8() ? Optional.empty() : Optional.of("the value is not UTF-8");
  }
}
