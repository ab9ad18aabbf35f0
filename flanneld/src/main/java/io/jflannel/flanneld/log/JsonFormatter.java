// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import io.jflannel.json.Json;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/**
 * One JSON object per line ({@code --log-format=json}): {@code ts} (RFC 3339, UTC, microseconds),
 * {@code level} (error, warning, info, debug, trace), {@code logger}, {@code msg}, and with a
 * throwable {@code error}, on level error also {@code stack}.
 */
final class JsonFormatter extends Formatter {

  @Override
  public String format(LogRecord record) {
    List<Json.Member> members = new ArrayList<>(6);
    add(members, "ts", timestamp(record));
    add(members, "level", level(record.getLevel()));
    add(members, "logger", String.valueOf(record.getLoggerName()));
    add(members, "msg", LogText.message(record));
    Throwable thrown = record.getThrown();
    if (thrown != null) {
      add(members, "error", LogText.error(thrown));
      if (record.getLevel().intValue() >= Level.SEVERE.intValue()) {
        add(members, "stack", LogText.stack(thrown));
      }
    }
    return new Json.Obj(members).text() + "\n";
  }

  private static void add(List<Json.Member> members, String name, String value) {
    members.add(new Json.Member(name, new Json.Str(value)));
  }

  private static String timestamp(LogRecord record) {
    LocalDateTime time = LocalDateTime.ofInstant(record.getInstant(), ZoneOffset.UTC);
    StringBuilder out = new StringBuilder(27);
    LogText.padded(out, time.getYear(), 4).append('-');
    LogText.padded(out, time.getMonthValue(), 2).append('-');
    LogText.padded(out, time.getDayOfMonth(), 2).append('T');
    LogText.padded(out, time.getHour(), 2).append(':');
    LogText.padded(out, time.getMinute(), 2).append(':');
    LogText.padded(out, time.getSecond(), 2).append('.');
    return LogText.padded(out, time.getNano() / 1000, 6).append('Z').toString();
  }

  private static String level(Level level) {
    int value = level.intValue();
    if (value >= Level.SEVERE.intValue()) {
      return "error";
    }
    if (value >= Level.WARNING.intValue()) {
      return "warning";
    }
    if (value >= Level.INFO.intValue()) {
      return "info";
    }
    return value >= Level.FINE.intValue() ? "debug" : "trace";
  }
}
