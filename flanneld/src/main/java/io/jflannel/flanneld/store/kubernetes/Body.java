// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.zip.GZIPInputStream;

/**
 * The body of an answer. A server that stays silent longer than {@code limit} is given up: reading
 * fails then ({@code architecture.md}, "Watches end").
 */
final class Body extends FilterInputStream {

  private static final int CHUNK = 32 * 1024;

  private final Duration limit;
  private final boolean gzip;
  private final Thread watcher;
  private volatile long heard = System.nanoTime();
  private volatile boolean silent;

  Body(InputStream in, Duration limit, boolean gzip) {
    super(in);
    this.limit = limit;
    this.gzip = gzip;
    this.watcher = Thread.ofVirtual().name("api-silence").start(this::watch);
  }

  /** What the server wrote before it compressed it, if it did. */
  InputStream decoded() throws IOException {
    return gzip ? new GZIPInputStream(this, CHUNK) : this;
  }

  private void watch() {
    try {
      long left = limit.toNanos();
      while (left > 0) {
        Thread.sleep(Duration.ofNanos(left));
        left = heard + limit.toNanos() - System.nanoTime();
      }
      silent = true;
      in.close(); // wakes the reader
    } catch (InterruptedException | IOException e) {
      // read to the end, or gone already
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int from, int length) throws IOException {
    try {
      int count = super.read(buffer, from, length);
      heard = System.nanoTime();
      return count;
    } catch (IOException e) {
      throw silent ? new SilentException(limit, e) : e;
    }
  }

  /** Nothing came for too long. */
  static final class SilentException extends IOException {
    private static final long serialVersionUID = 1L;

    SilentException(Duration limit, IOException cause) {
      super("nothing came for %d s".formatted(limit.toSeconds()), cause);
    }
  }

  @Override
  public void close() throws IOException {
    watcher.interrupt();
    super.close();
  }
}
