// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

/**
 * A chain of a table, as {@code ip nat POSTROUTING}.
 *
 * @param name 1 to 255 bytes
 */
public record ChainName(TableName table, String name) {

  public ChainName {
    TableName.check(name);
  }

  /** As nft writes it. */
  @Override
  public String toString() {
    return table + " " + name;
  }
}
