// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.ErrorManager;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;

/** Writes each record with one unbuffered write, so that lines stay whole and none is lost. */
final class LineHandler extends Handler {

  private final ReentrantLock lock = new ReentrantLock();
  private final OutputStream out;

  LineHandler(OutputStream out, Formatter formatter) {
    this.out = out;
    setFormatter(formatter);
  }

  @Override
  public void publish(LogRecord record) {
    if (!isLoggable(record)) {
      return;
    }
    byte[] line = getFormatter().format(record).getBytes(StandardCharsets.UTF_8);
    lock.lock();
    try {
      out.write(line);
    } catch (IOException e) {
      // Nobody listens on stderr any more; the error manager says so once, also to stderr.
      reportError("stderr", e, ErrorManager.WRITE_FAILURE);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
