// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import io.jflannel.flanneld.config.Options.LogFormat;
import java.lang.System.Logger;

/** Run by {@link LoggingTest} as a process. */
final class LoggingProgram {

  private LoggingProgram() {}

  public static void main(String[] arguments) {
    Logging.start(LogFormat.KLOG, 0);
    Logger logger = System.getLogger(LoggingProgram.class.getName());
    Thread hook =
        new Thread(() -> {
          // The JDK's own hook resets the log manager; let it win the race.
          for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getClass().getName().startsWith("java.util.logging.")) {
              joined(thread);
            }
          }
          logger.log(Logger.Level.INFO, "stopped");
        });
    Runtime.getRuntime().addShutdownHook(hook);
    logger.log(Logger.Level.INFO, "started");
  }

  private static void joined(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
