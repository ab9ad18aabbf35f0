// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/**
 * A TCP proxy on loopback that can be slow, or fall silent: connections stay open, bytes vanish.
 */
public final class TestProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile Duration delay;
  private volatile boolean silent;

  /**
   * Forwards to a port on loopback.
   *
   * @param delay of each byte towards the client
   */
  public TestProxy(int target, Duration delay) {
    this.target = target;
    this.delay = delay;
    try {
      this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::accept);
  }

  /** Accepts and never answers. */
  public static TestProxy blackHole() {
    TestProxy proxy = new TestProxy(1, Duration.ZERO);
    proxy.silent = true;
    return proxy;
  }

  public String url() {
    return "http://127.0.0.1:" + server.getLocalPort();
  }

  /** From now on nothing gets through, in both directions, and nothing is closed. */
  public void silence() {
    silent = true;
  }

  /** Ends {@link #silence} for new connections. */
  public void speak() {
    silent = false;
  }

  public void delay(Duration now) {
    delay = now;
  }

  /** Connections accepted so far and still open. */
  public int connections() {
    return sockets.size();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        sockets.add(client);
        if (silent) {
          continue;
        }
        Socket etcd = new Socket(InetAddress.getLoopbackAddress(), target);
        sockets.add(etcd);
        pump(client, etcd, false);
        pump(etcd, client, true);
      } catch (IOException e) {
        // the target is gone, or we are closed
      }
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Chunk(byte[] bytes, long due) implements Delayed {
    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(due, ((Chunk) other).due());
    }
  }

  private void pump(Socket from, Socket to, boolean delayed) {
    DelayQueue<Chunk> queue = new DelayQueue<>();
    Thread.ofVirtual()
        .start(() -> {
          try (from;
              to) {
            OutputStream out = to.getOutputStream();
            for (Chunk chunk = queue.take(); chunk.bytes().length > 0; chunk = queue.take()) {
              if (!silent) {
                out.write(chunk.bytes());
              }
            }
          } catch (IOException | InterruptedException e) {
            // one side is gone
          }
        });
    Thread.ofVirtual().start(() -> read(from, queue, delayed));
  }

  private void read(Socket from, DelayQueue<Chunk> queue, boolean delayed) {
    byte[] buffer = new byte[65_536];
    try {
      InputStream in = from.getInputStream();
      for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
        queue.add(new Chunk(Arrays.copyOf(buffer, n), due(delayed)));
      }
    } catch (IOException e) {
      // one side is gone
    }
    queue.add(new Chunk(new byte[0], due(delayed)));
    sockets.remove(from);
  }

  private long due(boolean delayed) {
    return System.nanoTime() + (delayed ? delay.toNanos() : 0);
  }

  @Override
  public void close() {
    try {
      server.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
