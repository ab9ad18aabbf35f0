// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.zone.ZoneRules;
import java.util.Set;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/**
 * klog's line (spec CLI-6): {@code Lmmdd hh:mm:ss.uuuuuu <pid padded to 7> file:line] message}, in
 * local time.
 *
 * <p>File and line are the caller's, found by a walk of the stack (some microseconds): the thread
 * that logs must be the one that formats. DEBUG and TRACE are {@code I}, as klog's verbose lines
 * are. A throwable follows the message on the same line; an error's stack comes in lines behind it.
 */
final class KlogFormatter extends Formatter {

  private static final int PID_WIDTH = 7;

  /** What stands between the caller and this, besides the JDK. */
  private static final Set<String> LOGGING =
      Set.of(
          KlogFormatter.class.getName(),
          LineHandler.class.getName(),
          RateLimitedLog.class.getName());

  private static final StackWalker STACK = StackWalker.getInstance();

  private final String pid;
  private final ZoneRules zone;

  KlogFormatter(long pid, ZoneRules zone) {
    String digits = Long.toString(pid);
    this.pid = " ".repeat(Math.max(0, PID_WIDTH - digits.length())) + digits;
    this.zone = zone;
  }

  @Override
  public String format(LogRecord record) {
    Instant instant = record.getInstant();
    LocalDateTime time = LocalDateTime.ofInstant(instant, zone.getOffset(instant));
    StringBuilder out = new StringBuilder(160).append(severity(record.getLevel()));
    LogText.padded(out, time.getMonthValue(), 2);
    LogText.padded(out, time.getDayOfMonth(), 2).append(' ');
    LogText.padded(out, time.getHour(), 2).append(':');
    LogText.padded(out, time.getMinute(), 2).append(':');
    LogText.padded(out, time.getSecond(), 2).append('.');
    LogText.padded(out, time.getNano() / 1000, 6).append(' ');
    out.append(pid).append(' ').append(caller()).append("] ");
    out.append(LogText.message(record));
    Throwable thrown = record.getThrown();
    if (thrown != null) {
      out.append(": ").append(LogText.error(thrown));
    }
    out.append('\n');
    if (thrown != null && record.getLevel().intValue() >= Level.SEVERE.intValue()) {
      out.append(LogText.stack(thrown));
    }
    return out.toString();
  }

  private static char severity(Level level) {
    if (level.intValue() >= Level.SEVERE.intValue()) {
      return 'E';
    }
    return level.intValue() >= Level.WARNING.intValue() ? 'W' : 'I';
  }

  /** As klog itself, {@code ???:1} where that cannot be told. */
  private static String caller() {
    return STACK
        .walk(frames -> frames.filter(KlogFormatter::isCaller).findFirst())
        .filter(frame -> frame.getFileName() != null && frame.getLineNumber() > 0)
        .map(frame -> frame.getFileName() + ":" + frame.getLineNumber())
        .orElse("???:1");
  }

  private static boolean isCaller(StackWalker.StackFrame frame) {
    String name = frame.getClassName();
    return !LOGGING.contains(name)
        && !name.startsWith("java.")
        && !name.startsWith("jdk.")
        && !name.startsWith("sun.");
  }
}
