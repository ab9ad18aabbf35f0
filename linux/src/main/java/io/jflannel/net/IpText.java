// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

/** Text of IP addresses: dotted quads, RFC 4291 on the way in, RFC 5952 on the way out. */
final class IpText {

  private IpText() {}

  static Ip parse(String text) {
    if (text.indexOf(':') < 0) {
      return Ip.v4(parseV4(text, text));
    }
    Ip ip = parseV6(text);
    if (ip.isV4()) {
      throw bad(text, "an IPv4-mapped IPv6 address");
    }
    return ip;
  }

  private static int parseV4(String quad, String whole) {
    int bits = 0;
    int octets = 0;
    int at = 0;
    while (true) {
      int end = quad.indexOf('.', at);
      String octet = end < 0 ? quad.substring(at) : quad.substring(at, end);
      bits = bits << 8 | octet(octet, whole);
      octets++;
      if (end < 0) {
        break;
      }
      at = end + 1;
    }
    if (octets != 4) {
      throw bad(whole, "not four octets");
    }
    return bits;
  }

  private static int octet(String octet, String whole) {
    boolean digits = !octet.isEmpty() && octet.length() <= 3;
    int value = 0;
    for (int i = 0; i < octet.length() && digits; i++) {
      char c = octet.charAt(i);
      digits = c >= '0' && c <= '9';
      value = value * 10 + c - '0';
    }
    if (!digits || value > 255 || octet.length() > 1 && octet.charAt(0) == '0') {
      throw bad(whole, "octet \"" + octet + "\"");
    }
    return value;
  }

  private static Ip parseV6(String text) {
    int gap = text.indexOf("::");
    if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) {
      throw bad(text, "more than one ::");
    }
    int[] groups = new int[8];
    if (gap < 0) {
      if (groups(text, text, groups, true) != 8) {
        throw bad(text, "not eight groups");
      }
    } else {
      int[] tail = new int[8];
      int before = groups(text.substring(0, gap), text, groups, false);
      int after = groups(text.substring(gap + 2), text, tail, true);
      if (before + after > 7) {
        throw bad(text, ":: stands for no group");
      }
      System.arraycopy(tail, 0, groups, 8 - after, after);
    }
    return new Ip(word(groups, 0), word(groups, 4));
  }

  /** Only the end of the whole text may be a dotted quad. */
  private static int groups(String part, String whole, int[] groups, boolean last) {
    int count = 0;
    if (part.isEmpty()) {
      return count;
    }
    for (int at = 0; at <= part.length(); ) {
      int end = part.indexOf(':', at);
      String group = end < 0 ? part.substring(at) : part.substring(at, end);
      boolean embeddedV4 = last && end < 0 && group.indexOf('.') >= 0;
      if (count + (embeddedV4 ? 2 : 1) > 8) {
        throw bad(whole, "more than eight groups");
      }
      if (embeddedV4) {
        int quad = parseV4(group, whole);
        groups[count++] = quad >>> 16;
        groups[count++] = quad & 0xffff;
      } else {
        groups[count++] = group(group, whole);
      }
      if (end < 0) {
        break;
      }
      at = end + 1;
    }
    return count;
  }

  private static int group(String group, String whole) {
    if (group.isEmpty() || group.length() > 4) {
      throw bad(whole, "group \"" + group + "\"");
    }
    int value = 0;
    for (int i = 0; i < group.length(); i++) {
      char c = group.charAt(i);
      int digit = c < 0x80 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw bad(whole, "group \"" + group + "\"");
      }
      value = value << 4 | digit;
    }
    return value;
  }

  private static long word(int[] groups, int from) {
    return (long) groups[from] << 48
        | (long) groups[from + 1] << 32
        | (long) groups[from + 2] << 16
        | groups[from + 3];
  }

  static String print(Ip ip) {
    if (ip.isV4()) {
      int bits = ip.v4Bits();
      return (bits >>> 24)
          + "."
          + (bits >>> 16 & 0xff)
          + "."
          + (bits >>> 8 & 0xff)
          + "."
          + (bits & 0xff);
    }
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (int) ((i < 4 ? ip.high() : ip.low()) >>> (48 - 16 * (i % 4)) & 0xffff);
    }
    int start = -1;
    int length = 1; // RFC 5952, 4.2.2: a single zero group is not shortened
    for (int i = 0; i < 8; i++) {
      int run = 0;
      while (i + run < 8 && groups[i + run] == 0) {
        run++;
      }
      if (run > length) {
        start = i;
        length = run;
      }
      i += run;
    }
    StringBuilder text = new StringBuilder(39);
    for (int i = 0; i < 8; i++) {
      if (i == start) {
        text.append("::");
        i += length - 1;
        continue;
      }
      if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
        text.append(':');
      }
      text.append(Integer.toHexString(groups[i]));
    }
    return text.toString();
  }

  private static IllegalArgumentException bad(String text, String why) {
    return new IllegalArgumentException("\"" + text + "\" is no IP address: " + why);
  }
}
