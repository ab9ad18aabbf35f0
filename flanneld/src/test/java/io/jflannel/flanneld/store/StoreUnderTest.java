// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import java.time.Duration;

/**
 * A real store, empty at first, that a contract may ill-treat behind the registry's back. Names are
 * the last segment of a key below {@code subnets/}.
 */
public interface StoreUnderTest extends AutoCloseable {

  /** One more client; the contract closes it. */
  Registry open();

  /** Writes a key that never expires. */
  void put(String name, byte[] value);

  /** Writes a key that expires after {@code ttl} (whole seconds). */
  void put(String name, byte[] value, Duration ttl);

  /** Deletes a key, whoever wrote it. */
  void delete(String name);

  /** Lets a key that was written with an expiry expire within a few seconds from now. */
  void expire(String name);

  void config(String text);

  void deleteConfig();

  /** Drops what the store remembers of the past, as far as it remembers any: compaction. */
  void forget();

  /** From now on the store cannot be reached; its content survives. */
  void stop();

  /** Ends {@link #stop()}. */
  void start();

  /** Puts an empty store in the place of this one: wiped, another identity, revisions anew. */
  void replace();

  @Override
  void close();
}
