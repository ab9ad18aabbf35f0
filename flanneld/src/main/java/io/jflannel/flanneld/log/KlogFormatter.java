// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.zone.ZoneRules;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * klog's line (spec CLI-6): {@code Lmmdd hh:mm:ss.uuuuuu <pid padded to 7> file:line] message}, in
 * local time.
 *
 * <p>The file is the last part of the logger's name with {@code .java}, the line always 0: finding
 * the caller would cost a walk of the stack for each record. DEBUG and TRACE are {@code I}, as
 * klog's verbose lines are. A throwable follows the message on the same line; an error's stack
 * comes in lines behind it.
 */
final class KlogFormatter extends Formatter {

  private static final int PID_WIDTH = 7;

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
    out.append(pid).append(' ').append(file(record.getLoggerName())).append(":0] ");
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

  /** {@code a.b.Outer$Inner} is in {@code Outer.java}. */
  private static String file(@Nullable String logger) {
    if (logger == null || logger.isEmpty()) {
      return "???";
    }
    String name = logger.substring(logger.lastIndexOf('.') + 1);
    int inner = name.indexOf('$');
    return (inner > 0 ? name.substring(0, inner) : name) + ".java";
  }
}
