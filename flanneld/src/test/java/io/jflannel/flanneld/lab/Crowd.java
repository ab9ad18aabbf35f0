// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.local.LocalRegistry;
import io.jflannel.linux.NetworkNamespace;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Peers of a udp lab's first node that all send to its container at once: leases in the lab's local
 * store, datagrams from the underlay's namespace, each peer's by a thread of its own, and a socket
 * in the container that counts what arrives.
 */
final class Crowd implements AutoCloseable {

  private static final int TUNNEL_PORT = 8285;
  private static final int SINK_PORT = 7000;
  private static final int HEADERS = 20 + 8;
  private static final int LENGTH = HEADERS + 1000;

  /** Much more than two processors carry. */
  private static final int BURST = 32;

  private static final long PAUSE_NANOS = 1_000_000;

  private final Registry registry;
  private final String underlay;
  private final InetSocketAddress target;
  private final byte[] container;
  private final List<Peer> peers;
  private final DatagramChannel sink;
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean sending;

  /** What one peer has sent and the container has got of it. */
  final class Peer {

    private final int number;
    private final DatagramChannel socket;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong arrived = new AtomicLong();
    private final AtomicLong reordered = new AtomicLong();
    private Optional<Registry.Entry> lease = Optional.empty();

    private Peer(int number) {
      this.number = number;
      this.socket = bound(underlay, address(), TUNNEL_PORT);
    }

    private String address() {
      return "192.0.2." + (100 + number);
    }

    private String subnet() {
      return "10.244." + (100 + number) + ".0";
    }

    long arrived() {
      return arrived.get();
    }

    void join() throws InterruptedException {
      Written written =
          registry.create(
              subnet() + "-24",
              "{\"PublicIP\":\"" + address() + "\",\"PublicIPv6\":null}",
              Registry.Expiry.LEASED);
      lease = Optional.of(((Written.Done) written).entry());
    }

    void leave() throws InterruptedException {
      registry.delete(lease.orElseThrow());
    }

    private void send() {
      ByteBuffer packet = packet();
      try {
        while (sending) {
          for (int i = 0; i < BURST; i++) {
            packet.clear().putLong(HEADERS, sent.get());
            socket.send(packet, target);
            sent.incrementAndGet();
          }
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** As upstream's node sends it: UDP without a checksum, which IPv4 allows. */
    private ByteBuffer packet() {
      ByteBuffer packet = ByteBuffer.allocateDirect(LENGTH);
      packet.putInt(0x4500_0000 | LENGTH).putInt(0x4000).putInt(60 << 24 | 17 << 16);
      packet.put(Ip.parse(subnet()).bytes()).put(container);
      packet.put(15, (byte) 2);
      packet.putShort((short) (9000 + number)).putShort((short) SINK_PORT);
      packet.putShort((short) (LENGTH - 20)).putShort((short) 0);
      packet.putInt(HEADERS + Long.BYTES, number);
      int sum = IntStream.range(0, 10).map(i -> packet.getShort(2 * i) & 0xffff).sum();
      sum = (sum & 0xffff) + (sum >> 16);
      packet.putShort(10, (short) ~((sum & 0xffff) + (sum >> 16)));
      return packet;
    }
  }

  Crowd(Lab lab, int size) throws InterruptedException {
    Node node = lab.node(1);
    registry = new LocalRegistry(lab.directory().resolve("store"));
    underlay = node.namespace().replaceFirst("-n1$", "-u");
    target = new InetSocketAddress(node.address(Family.V4).toString(), TUNNEL_PORT);
    Ip inside = node.containerAddress(Family.V4);
    container = inside.bytes();
    StringBuilder addresses = new StringBuilder();
    for (int number = 1; number <= size; number++) {
      addresses.append("ip addr add 192.0.2.%d/24 dev underlay\n".formatted(100 + number));
    }
    Commands.script(underlay, addresses.toString());
    peers = IntStream.rangeClosed(1, size).mapToObj(Peer::new).toList();
    sink = bound(node.containerNamespace(), inside.toString(), SINK_PORT);
    start("sink", this::receive);
  }

  private static DatagramChannel bound(String namespace, String address, int port) {
    try (NetworkNamespace place = NetworkNamespace.named(namespace)) {
      return place.run(() -> {
        DatagramChannel channel = DatagramChannel.open();
        return channel.bind(new InetSocketAddress(address, port));
      });
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void start(String name, Runnable task) {
    threads.add(Thread.ofPlatform().name(name).daemon().start(task));
  }

  List<Peer> peers() {
    return peers;
  }

  /** All at once, as fast as they can, until {@link #stop}. */
  void send() {
    sending = true;
    peers.forEach(peer -> start("peer " + peer.number, peer::send));
  }

  /** Ends the sending, and waits for that. */
  void stop() throws InterruptedException {
    sending = false;
    for (Thread sender : threads.subList(1, threads.size())) {
      sender.join();
    }
  }

  private void receive() {
    ByteBuffer packet = ByteBuffer.allocateDirect(LENGTH);
    long[] next = new long[peers.size() + 1];
    try {
      while (true) {
        sink.receive(packet.clear());
        long sequence = packet.getLong(0);
        int number = packet.getInt(Long.BYTES);
        Peer peer = peers.get(number - 1);
        if (sequence < next[number]) {
          peer.reordered.incrementAndGet();
        }
        next[number] = sequence + 1;
        peer.arrived.incrementAndGet();
      }
    } catch (ClosedChannelException e) {
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long sent() {
    return peers.stream().mapToLong(peer -> peer.sent.get()).sum();
  }

  long arrived() {
    return peers.stream().mapToLong(Peer::arrived).sum();
  }

  /** Behind a later one of the same peer, or twice. */
  long reordered() {
    return peers.stream().mapToLong(peer -> peer.reordered.get()).sum();
  }

  @Override
  public void close() {
    sending = false;
    try {
      sink.close();
      for (Peer peer : peers) {
        peer.socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    registry.close();
  }
}
