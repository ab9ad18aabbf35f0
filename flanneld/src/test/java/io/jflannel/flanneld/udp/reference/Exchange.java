// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.linux.NetworkNamespace;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * ICMP, UDP and TCP from one address to another and back; what arrives must be what was sent.
 *
 * @param from a namespace that has the address {@code source}
 * @param to a namespace that has the address {@code destination}
 */
public record Exchange(String from, String source, String to, String destination) {

  private static final int PATIENCE_MILLIS = 20_000;
  private static final int CHUNK = 70_001;

  /** The same in the other direction. */
  public Exchange reversed() {
    return new Exchange(to, destination, from, source);
  }

  /** Waits until a ping is answered. */
  public void awaitAnswer() {
    await(source + " to " + destination)
        .atMost(20, TimeUnit.SECONDS)
        .ignoreExceptions()
        .untilAsserted(() -> ping(56));
  }

  /** One echo request with so many bytes of data, fragmented as needed, and its answer. */
  public String ping(int size) throws InterruptedException {
    return Commands.in(
        from, "ping -n -c 1 -W 2 -M dont -s %d -I %s %s".formatted(size, source, destination));
  }

  /** One datagram of each size there and the same back. */
  public void udp(int... sizes) throws InterruptedException {
    try (NetworkNamespace here = NetworkNamespace.named(from);
        NetworkNamespace there = NetworkNamespace.named(to);
        DatagramSocket asking = here.run(() -> bound(source));
        DatagramSocket answering = there.run(() -> bound(destination))) {
      for (int size : sizes) {
        byte[] data = random(size);
        send(asking, data, new InetSocketAddress(destination, answering.getLocalPort()));
        assertThat(received(answering)).as("%d bytes there", size).isEqualTo(data);
        send(answering, data, new InetSocketAddress(source, asking.getLocalPort()));
        assertThat(received(asking)).as("%d bytes back", size).isEqualTo(data);
      }
    } catch (IOException e) {
      throw new AssertionError(this + ": a datagram was lost", e);
    }
  }

  private static DatagramSocket bound(String address) throws IOException {
    DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName(address));
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  private static void send(DatagramSocket socket, byte[] data, InetSocketAddress to)
      throws IOException {
    socket.send(new DatagramPacket(data, data.length, to));
  }

  private static byte[] received(DatagramSocket socket) throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
    socket.receive(packet);
    byte[] data = new byte[packet.getLength()];
    System.arraycopy(packet.getData(), 0, data, 0, data.length);
    return data;
  }

  /** So many random bytes over one connection, written in uneven pieces. */
  public void tcp(int bytes) throws InterruptedException {
    byte[] data = random(bytes);
    try (NetworkNamespace here = NetworkNamespace.named(from);
        NetworkNamespace there = NetworkNamespace.named(to);
        ServerSocket server =
            there.run(() -> new ServerSocket(0, 1, InetAddress.getByName(destination)))) {
      server.setSoTimeout(PATIENCE_MILLIS);
      FutureTask<byte[]> arrived = new FutureTask<>(() -> accepted(server));
      Thread.ofPlatform().start(arrived);
      try (Socket client = here.run(() -> connected(server.getLocalPort()))) {
        OutputStream output = client.getOutputStream();
        for (int at = 0; at < bytes; at += CHUNK) {
          output.write(data, at, Math.min(CHUNK, bytes - at));
        }
        client.shutdownOutput();
        assertThat(arrived.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)).isEqualTo(data);
      }
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(this + ": the connection failed", e);
    }
  }

  private Socket connected(int port) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(source, 0));
    socket.connect(new InetSocketAddress(destination, port), PATIENCE_MILLIS);
    return socket;
  }

  private static byte[] accepted(ServerSocket server) throws IOException {
    try (Socket socket = server.accept()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      return socket.getInputStream().readAllBytes();
    }
  }

  private static byte[] random(int size) {
    byte[] data = new byte[size];
    new Random(size).nextBytes(data);
    return data;
  }
}
