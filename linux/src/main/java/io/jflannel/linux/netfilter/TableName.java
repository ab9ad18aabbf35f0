// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.net.Family;
import java.nio.charset.StandardCharsets;

/**
 * A table of family ip or ip6, as {@code ip nat}. {@code iptables-nft} keeps its tables under the
 * names that they have in iptables.
 *
 * @param name 1 to 255 bytes
 */
public record TableName(Family family, String name) {

  public TableName {
    check(name);
  }

  static void check(String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException(
          "a name has 1 to " + Nft.MAX_NAME + " bytes: \"" + name + "\"");
    }
  }

  /** False for few names: the kernel takes any bytes, which need not be text. */
  static boolean isName(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    return length > 0 && length <= Nft.MAX_NAME && name.indexOf('\0') < 0;
  }

  /** As nft writes it. */
  @Override
  public String toString() {
    return (family == Family.V4 ? "ip " : "ip6 ") + name;
  }
}
