// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How a key or a value of a map lies in memory.
 *
 * @param <T> what it is in Java
 */
public interface Layout<T> {

  /** How many bytes it has. */
  int bytes();

  /**
   * Writes a value.
   *
   * @param into in the machine's byte order
   */
  void put(T value, ByteBuffer into, int at);

  /**
   * Reads a value.
   *
   * @param from in the machine's byte order
   */
  T get(ByteBuffer from, int at);

  /** 32 bits in the machine's order. */
  Layout<Integer> U32 =
      new Layout<>() {
        @Override
        public int bytes() {
          return 4;
        }

        @Override
        public void put(Integer value, ByteBuffer into, int at) {
          into.putInt(at, value);
        }

        @Override
        public Integer get(ByteBuffer from, int at) {
          return from.getInt(at);
        }
      };

  /** An IPv4 address as packets carry it. */
  Layout<Ip> IPV4 =
      new Layout<>() {
        @Override
        public int bytes() {
          return 4;
        }

        @Override
        public void put(Ip value, ByteBuffer into, int at) {
          if (!value.isV4()) {
            throw new IllegalArgumentException(value + " is no IPv4 address");
          }
          into.put(at, value.bytes());
        }

        @Override
        public Ip get(ByteBuffer from, int at) {
          byte[] bytes = new byte[4];
          from.get(at, bytes);
          return Ip.of(bytes);
        }
      };

  /** An IPv4 prefix as struct bpf_lpm_trie_key_u8: length, address. Host bits are dropped. */
  Layout<Cidr> IPV4_PREFIX =
      new Layout<>() {
        @Override
        public int bytes() {
          return 8;
        }

        @Override
        public void put(Cidr value, ByteBuffer into, int at) {
          into.putInt(at, value.length());
          IPV4.put(value.network().ip(), into, at + 4);
        }

        @Override
        public Cidr get(ByteBuffer from, int at) {
          return new Cidr(IPV4.get(from, at + 4), from.getInt(at));
        }
      };

  /** So many numbers of 64 bits in the machine's order. */
  static Layout<List<Long>> u64s(int count) {
    return new Layout<>() {
      @Override
      public int bytes() {
        return 8 * count;
      }

      @Override
      public void put(List<Long> value, ByteBuffer into, int at) {
        for (int i = 0; i < count; i++) {
          into.putLong(at + 8 * i, value.get(i));
        }
      }

      @Override
      public List<Long> get(ByteBuffer from, int at) {
        return IntStream.range(0, count).mapToObj(i -> from.getLong(at + 8 * i)).toList();
      }
    };
  }
}
