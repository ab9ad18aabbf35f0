// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.Checksum;

/**
 * The bytes of rules without what packets and positions change. A growing buffer, reused: it is
 * filled many times before the JVM has compiled anything.
 */
final class NormalForm {

  private static final int EXPRESSION_NAME = 1;
  private static final int EXPRESSION_DATA = 2;
  private static final int QUOTA_CONSUMED = 4;

  /** No attribute has this type. */
  private static final int END_OF_RULE = 0xff;

  private static final byte[] COUNTER = name("counter");
  private static final byte[] LAST = name("last");
  private static final byte[] QUOTA = name("quota");

  private byte[] bytes = new byte[512];
  private int length;

  private static byte[] name(String expression) {
    return expression.getBytes(StandardCharsets.UTF_8);
  }

  /** The attributes of a rule message. */
  void rule(Attributes attributes) {
    while (attributes.next()) {
      switch (attributes.type()) {
        case Nft.RULE_EXPRESSIONS -> expressions(attributes.nested());
        case Nft.RULE_COMPAT, Nft.RULE_USERDATA -> put(attributes);
        default -> {} // table, chain, handle and position
      }
    }
  }

  private void expressions(Attributes list) {
    while (list.next()) {
      expression(list.nested());
    }
  }

  /** The kernel names an expression before it tells its data. */
  private void expression(Attributes expression) {
    boolean counts = false;
    boolean quota = false;
    while (expression.next()) {
      switch (expression.type()) {
        case EXPRESSION_NAME -> {
          counts = expression.is(COUNTER) || expression.is(LAST);
          quota = expression.is(QUOTA);
          put(expression);
        }
        case EXPRESSION_DATA -> {
          if (quota) {
            limit(expression.nested());
          } else if (!counts) {
            put(expression);
          }
        }
        default -> {}
      }
    }
  }

  private void limit(Attributes quota) {
    while (quota.next()) {
      if (quota.type() != QUOTA_CONSUMED) {
        put(quota);
      }
    }
  }

  private void put(Attributes attribute) {
    int size = attribute.length();
    header(attribute.type(), size);
    attribute.copy(bytes, length);
    length += size;
  }

  private void header(int type, int size) {
    if (bytes.length - length < 5 + size) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + 5 + size));
    }
    bytes[length++] = (byte) type;
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes[length++] = (byte) (size >>> shift);
    }
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  /** Hands over what has come since, which is one rule, and forgets it. */
  void moveTo(Checksum... sums) {
    header(END_OF_RULE, 0);
    for (Checksum sum : sums) {
      sum.update(bytes, 0, length);
    }
    length = 0;
  }
}
