// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.MalformedMessageException;
import io.jflannel.linux.Poller;
import io.jflannel.linux.RepliesLostException;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.NetlinkSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Listens to changes of some chains of nf_tables, whoever makes them, in the namespace of the
 * thread that opens it (multicast group NFNLGRP_NFTABLES).
 *
 * <p>{@link #await} belongs to one platform thread; {@link #wake} may be called from any.
 */
public final class NftablesEvents implements AutoCloseable {

  private static final int RECEIVE_BUFFER = 4 << 20;
  private static final int READ_BUFFER = 64 << 10;

  /** After so many events {@link #await} hands them out even if more are there. */
  private static final int ENOUGH = 4096;

  private final NetlinkSocket socket;
  private final Poller poller;
  private final ChangeDecoder decoder;
  private final MessageReader in = new MessageReader(READ_BUFFER);

  private NftablesEvents(NetlinkSocket socket, Poller poller, ChangeFilter filter) {
    this.socket = socket;
    this.poller = poller;
    this.decoder = new ChangeDecoder(filter);
  }

  /**
   * Listens to changes of these chains, of their rules and of their tables. The chains need not
   * exist.
   *
   * @throws LinuxException EPERM without CAP_NET_ADMIN
   */
  public static NftablesEvents open(Collection<ChainName> chains) {
    return open(chains, RECEIVE_BUFFER);
  }

  static NftablesEvents open(Collection<ChainName> chains, int receiveBuffer) {
    NetlinkSocket socket =
        NetlinkSocket.open(NetlinkSocket.NETFILTER, receiveBuffer, Duration.ofSeconds(1));
    try {
      socket.join(Nft.GROUP);
      return new NftablesEvents(socket, Poller.of(socket.descriptor()), new ChangeFilter(chains));
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Waits for events and returns all that are there. Returns an empty list when the time has
   * passed, when {@link #wake} was called, or when what came was about other chains.
   *
   * <p>When events were lost or cannot be read, the list contains {@link NftablesEvent.Lost}.
   */
  public List<NftablesEvent> await(Duration timeout) {
    return switch (poller.await(timeout)) {
      case READABLE -> read();
      case WOKEN, TIMEOUT -> List.of();
    };
  }

  private List<NftablesEvent> read() {
    List<NftablesEvent> events = new ArrayList<>();
    boolean more = true;
    while (more && events.size() < ENOUGH) {
      try {
        more = socket.receiveNow(in);
        while (more && in.next()) {
          decoder.decode(in, events::add);
        }
      } catch (RepliesLostException | MalformedMessageException e) {
        decoder.lost();
        events.add(new NftablesEvent.Lost());
      }
    }
    return events;
  }

  /** Ends the present or else the next {@link #await}. */
  public void wake() {
    poller.wake();
  }

  /** Call it after the owner thread has left {@link #await}. */
  @Override
  public void close() {
    poller.close();
    socket.close();
  }
}
