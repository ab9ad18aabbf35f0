// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.Poller;
import io.jflannel.linux.tun.Memory;
import io.jflannel.linux.tun.Pieces;
import io.jflannel.linux.tun.ReceiveBatch;
import io.jflannel.linux.tun.SendBatch;
import io.jflannel.linux.tun.TunDevice;
import io.jflannel.linux.tun.TunDevice.Offload;
import io.jflannel.linux.tun.TunnelSocket;
import io.jflannel.linux.tun.TunnelSocket.Discovery;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A TUN device and a UDP socket with the two threads between them. It makes the device and keeps it
 * alive; address, MTU, routes and whether it is up are others' concern. If the device is deleted by
 * others the tunnel is {@link #isLost}.
 */
public final class Tunnel implements AutoCloseable {

  private static final Duration ENDING = Duration.ofSeconds(5);

  private final TunnelSetup setup;
  private final TunDevice device;
  private final TunnelSocket socket;
  private final Poller readable;
  private final Datapath datapath;
  private final List<String> fallbacks;
  private final Sender sender;
  private final Receiver receiver;
  private final List<Thread> threads;
  private volatile ForwardingTable table = ForwardingTable.EMPTY;
  private volatile boolean lost;

  private Tunnel(
      TunnelSetup setup,
      TunDevice device,
      TunnelSocket socket,
      Shape shape,
      List<String> fallbacks,
      Totals totals,
      Runnable whenLost) {
    this.setup = setup;
    this.device = device;
    this.socket = socket;
    this.fallbacks = List.copyOf(fallbacks);
    readable = device.poller();
    datapath =
        shape.header() || shape.cuts() || shape.groups()
            ? Datapath.OFFLOAD
            : shape.batch() ? Datapath.BATCH : Datapath.SINGLE;
    sender =
        new Sender(
            new Sending(),
            readable,
            shape,
            setup.port(),
            address -> table.host(address),
            totals.sent());
    receiver =
        new Receiver(
            new Receiving(), shape, setup.network(), host -> table.isPeer(host), totals.received());
    threads =
        List.of(thread("udp tx", sender::run, whenLost), thread("udp rx", receiver::run, whenLost));
  }

  /** What outlives a tunnel: another one for the same lease goes on counting. */
  public static final class Totals {
    private final Tally sent = new Tally();
    private final Tally received = new Tally();

    Tally sent() {
      return sent;
    }

    Tally received() {
      return received;
    }

    public Counters now() {
      return new Counters(sent.snapshot(), received.snapshot());
    }
  }

  /**
   * Makes the device, opens the socket, and starts the threads, in the calling thread's network
   * namespace.
   *
   * @param whenLost told, on a thread of the tunnel, that others have deleted the device
   * @throws LinuxException EBUSY if another process has the device; EADDRINUSE, EADDRNOTAVAIL;
   *     EPERM without CAP_NET_ADMIN
   */
  public static Tunnel open(TunnelSetup setup, Totals totals, Runnable whenLost) {
    Datapath wish = setup.datapath().orElse(Datapath.OFFLOAD);
    List<String> fallbacks = new ArrayList<>();
    TunDevice device =
        TunDevice.open(
            setup.device(), wish == Datapath.OFFLOAD ? Offload.TCP_AND_UDP : Offload.NONE);
    try {
      TunnelSocket socket = TunnelSocket.bind(setup.local(), setup.port());
      try {
        Shape shape = shape(wish, device, socket, fallbacks);
        Tunnel tunnel =
            new Tunnel(
                setup.withDevice(device.name()),
                device,
                socket,
                shape,
                fallbacks,
                totals,
                whenLost);
        tunnel.threads.forEach(Thread::start);
        return tunnel;
      } catch (LinuxException e) {
        socket.close();
        throw e;
      }
    } catch (LinuxException e) {
      device.close();
      throw e;
    }
  }

  /** What of the wish the kernel grants. */
  private static Shape shape(
      Datapath wish, TunDevice device, TunnelSocket socket, List<String> fallbacks) {
    if (wish != Datapath.OFFLOAD) {
      return new Shape(false, false, false, false, wish == Datapath.BATCH);
    }
    boolean cuts = socket.cuts();
    boolean groups = socket.group();
    boolean header = device.offload() != Offload.NONE;
    boolean largeUdp = device.offload() == Offload.TCP_AND_UDP;
    if (!header) {
      fallbacks.add("the TUN device takes no large packets");
    } else if (!largeUdp) {
      fallbacks.add("the TUN device takes no large UDP packets");
    }
    if (!cuts) {
      fallbacks.add("the kernel does not cut messages (UDP_SEGMENT)");
    } else {
      socket.discover(Discovery.DO); // else the kernel cuts without "don't fragment"
    }
    if (!groups) {
      fallbacks.add("the kernel does not put datagrams together (UDP_GRO)");
    }
    return new Shape(header, largeUdp, cuts, groups, true);
  }

  /** A part of the tunnel's work; answers whether the device is gone. */
  private interface Work {
    boolean run();
  }

  private Thread thread(String name, Work work, Runnable whenLost) {
    return Thread.ofPlatform()
        .name(name)
        .daemon()
        .unstarted(() -> {
          if (work.run()) {
            lost = true;
            whenLost.run();
          }
        });
  }

  private final class Sending implements Sender.Kernel {
    @Override
    public int read(Memory into, int at, int length) {
      return device.read(into, at, length);
    }

    @Override
    public int write(Memory from, int at, int length) {
      return device.write(from, at, length);
    }

    @Override
    public int send(SendBatch batch, int from) {
      return socket.send(batch, from);
    }

    @Override
    public int sendSingly(SendBatch batch, int message) {
      socket.discover(Discovery.WANT);
      int sent = socket.sendSingly(batch, message);
      socket.discover(Discovery.DO);
      return sent;
    }
  }

  private final class Receiving implements Receiver.Kernel {
    @Override
    public int receive(ReceiveBatch batch) {
      return socket.receive(batch);
    }

    @Override
    public int write(Memory from, int at, int length) {
      return device.write(from, at, length);
    }

    @Override
    public int write(Pieces pieces, int from, int count) {
      return device.write(pieces, from, count);
    }
  }

  /** As it was opened, with the device's real name. */
  public TunnelSetup setup() {
    return setup;
  }

  /** The one in use. */
  public Datapath datapath() {
    return datapath;
  }

  /** What the kernel refused. */
  public List<String> fallbacks() {
    return fallbacks;
  }

  public ForwardingTable table() {
    return table;
  }

  /** Who has which subnet from now on; by any thread. */
  public void forward(ForwardingTable newTable) {
    table = newTable;
  }

  /** The address that ICMP is answered from, from now on; by any thread. */
  public void answerFrom(Ip address) {
    sender.answerFrom(address.v4Bits());
  }

  /** Whether the device was deleted by others. */
  public boolean isLost() {
    return lost;
  }

  /** Ends the threads and deletes the device. */
  @Override
  public void close() {
    sender.stop();
    receiver.stop();
    socket.wake();
    boolean interrupted = Thread.interrupted();
    boolean ended = true;
    for (Thread thread : threads) {
      try {
        ended &= thread.join(ENDING);
      } catch (InterruptedException e) {
        interrupted = true;
        ended = false;
      }
    }
    if (ended) { // else a number that is used again would be read
      readable.close();
      socket.close();
      device.close();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
