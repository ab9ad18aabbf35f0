// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.linux.bpf.Layout;
import io.jflannel.net.Ip;
import java.nio.ByteBuffer;

/**
 * What the programs know of a peer. They take what any peer's program has wrapped: it decides by
 * our lease alone, and may reach us where we do not reach it.
 *
 * @param host its IPv4 address on the underlay
 * @param sendTo whether packets to it may be wrapped here
 */
public record FastPeer(Ip host, boolean sendTo) {

  /** In the map's value, behind the address. */
  static final int SEND_TO = 4;

  static final Layout<FastPeer> LAYOUT =
      new Layout<>() {
        @Override
        public int bytes() {
          return 8;
        }

        @Override
        public void put(FastPeer value, ByteBuffer into, int at) {
          IPV4.put(value.host, into, at);
          into.putInt(at + SEND_TO, value.sendTo ? 1 : 0);
        }

        @Override
        public FastPeer get(ByteBuffer from, int at) {
          return new FastPeer(IPV4.get(from, at), from.getInt(at + SEND_TO) != 0);
        }
      };
}
