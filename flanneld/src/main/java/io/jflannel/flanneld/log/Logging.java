// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import io.jflannel.flanneld.config.Options.LogFormat;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.time.ZoneId;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Sets up the process's logging, all of it to stderr (CLI-6). */
public final class Logging {

  private static final String OWN = "io.jflannel";

  /** Loggers are only weakly held by their manager; this keeps our level. */
  private static final Logger OWN_LOGGER = own();

  /** Says at INFO, hundreds of times, that data of a call came after the call was given up. */
  private static final Logger GRPC_LOGGER = Logger.getLogger("io.grpc");

  private Logging() {}

  /**
   * Call it first in {@code main}: a logger used earlier makes java.util.logging read its own
   * configuration, which costs time.
   *
   * @param verbosity {@code -v}: from 1 our DEBUG lines, from 4 our TRACE lines too. Libraries stay
   *     at INFO, gRPC at WARNING, whatever it is: below INFO it prints what it sends, passwords
   *     included.
   */
  public static void start(LogFormat format, int verbosity) {
    start(format, verbosity, new FileOutputStream(FileDescriptor.err));
  }

  static void start(LogFormat format, int verbosity, OutputStream out) {
    Formatter formatter =
        switch (format) {
          case KLOG ->
              new KlogFormatter(ProcessHandle.current().pid(), ZoneId.systemDefault().getRules());
          case JSON -> new JsonFormatter();
        };
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    root.setLevel(Level.INFO);
    root.addHandler(new LineHandler(out, formatter));
    OWN_LOGGER.setLevel(level(verbosity));
    GRPC_LOGGER.setLevel(Level.WARNING);
  }

  /** For commands that print themselves what they do: warnings only. */
  public static void startQuiet() {
    start(LogFormat.KLOG, 0);
    OWN_LOGGER.setLevel(Level.WARNING);
  }

  private static Level level(int verbosity) {
    if (verbosity <= 0) {
      return Level.INFO;
    }
    return verbosity < 4 ? Level.FINE : Level.FINER;
  }

  private static Logger own() {
    // Has an effect only if no logger was used yet.
    System.setProperty("java.util.logging.manager", PlainLogManager.class.getName());
    return Logger.getLogger(OWN);
  }
}
