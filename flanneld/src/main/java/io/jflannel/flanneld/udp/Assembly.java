// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import java.util.concurrent.atomic.AtomicReference;

/** Puts the parts of each data path together; each thread has one memory for all it needs. */
final class Assembly {

  private static final int OUTBOUND_BYTES = 5 << 18;
  private static final int INBOUND_BYTES = 5 << 19;

  /** Messages of up to 64 KiB, in which the kernel has joined datagrams. */
  private static final int JOINED_MESSAGES = 8;

  private static final int MESSAGES = 32;

  private Assembly() {}

  static Rounds outbound(
      Endpoints endpoints,
      TunnelSetup setup,
      Admission admission,
      AtomicReference<ForwardingTable> table,
      OwnSubnet own,
      Tally tally) {
    NativeMemory memory = NativeMemory.allocate(OUTBOUND_BYTES);
    return new Outbound(
        endpoints.device(),
        memory,
        endpoints.header(),
        sender(endpoints, setup.port(), memory, tally),
        admission,
        table,
        own,
        tally);
  }

  private static Sender sender(Endpoints endpoints, int port, NativeMemory memory, Tally tally) {
    return switch (endpoints.path()) {
      case OFFLOAD -> new OffloadSender(memory, batch(endpoints, port, memory, tally), tally);
      case BATCH -> batch(endpoints, port, memory, tally);
      case SINGLE -> new SingleSender(endpoints.socket(), port, memory, tally);
    };
  }

  private static BatchSender batch(
      Endpoints endpoints, int port, NativeMemory memory, Tally tally) {
    return new BatchSender(
        endpoints.socket(), port, memory, endpoints.segmentsSent(), tally, endpoints.fallbacks());
  }

  static Rounds inbound(
      Endpoints endpoints,
      Admission admission,
      AtomicReference<ForwardingTable> table,
      Tally tally) {
    NativeMemory memory = NativeMemory.allocate(INBOUND_BYTES);
    Receiver receiver =
        switch (endpoints.path()) {
          case OFFLOAD -> new BatchReceiver(endpoints.socket(), memory, JOINED_MESSAGES);
          case BATCH -> new BatchReceiver(endpoints.socket(), memory, MESSAGES);
          case SINGLE -> new SingleReceiver(endpoints.socket(), memory);
        };
    TunWriter writer =
        switch (endpoints.path()) {
          case OFFLOAD ->
              new JoiningTunWriter(
                  endpoints.device(), memory, endpoints.udpOnTun(), tally, endpoints.fallbacks());
          case BATCH, SINGLE -> new PlainTunWriter(endpoints.device(), memory, tally);
        };
    return new Inbound(receiver, writer, memory, admission, table, tally);
  }
}
