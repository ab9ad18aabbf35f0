// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The content of a lease's file: one line of head, then the value. The head says how long the value
 * is, so that half a file is told from a whole one.
 *
 * <pre>jflannel-lease create=3 mod=7 expires=1790000000000 bytes=54
 * {"PublicIP":"192.0.2.1",...}</pre>
 *
 * @param createRevision the store's revision when the key was created
 * @param modRevision the store's revision when it was last written
 * @param expires absent: never, a reservation
 * @param length of the value in bytes
 */
record LeaseFile(long createRevision, long modRevision, Optional<Instant> expires, long length) {

  /** No head is longer, in bytes. */
  static final int LONGEST_HEAD = 160;

  private static final Pattern HEAD =
      Pattern.compile(
          "jflannel-lease create=([0-9]{1,18}) mod=([0-9]{1,18}) expires=(never|[0-9]{1,15})"
              + " bytes=([0-9]{1,18})");

  /** The head that a file begins with, if it begins with one. */
  static Optional<LeaseFile> head(byte[] start) {
    int end = endOfLine(start);
    Matcher head = HEAD.matcher(new String(start, 0, Math.max(end, 0), US_ASCII));
    if (!head.matches()) {
      return Optional.empty();
    }
    Optional<Instant> expires =
        Optional.of(head.group(3))
            .filter(text -> !text.equals("never"))
            .map(Long::parseLong)
            .map(Instant::ofEpochMilli);
    return Optional.of(
        new LeaseFile(
            Long.parseLong(head.group(1)),
            Long.parseLong(head.group(2)),
            expires,
            Long.parseLong(head.group(4))));
  }

  /** What follows the head. */
  static byte[] value(byte[] file) {
    return Arrays.copyOfRange(file, endOfLine(file) + 1, file.length);
  }

  private static int endOfLine(byte[] start) {
    for (int i = 0; i < Math.min(start.length, LONGEST_HEAD); i++) {
      if (start[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  byte[] with(byte[] value) {
    String expiry = expires.map(instant -> "" + instant.toEpochMilli()).orElse("never");
    String head =
        "jflannel-lease create=%d mod=%d expires=%s bytes=%d\n"
            .formatted(createRevision, modRevision, expiry, value.length);
    ByteArrayOutputStream out = new ByteArrayOutputStream(head.length() + value.length);
    out.writeBytes(head.getBytes(US_ASCII));
    out.writeBytes(value);
    return out.toByteArray();
  }

  boolean isExpired(Instant now) {
    return expires.filter(instant -> !instant.isAfter(now)).isPresent();
  }
}
