// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

/** An IP address family. */
public enum Family {
  V4(32, 4),
  V6(128, 6);

  private final int bits;
  private final int version;

  Family(int bits, int version) {
    this.bits = bits;
    this.version = version;
  }

  /** Length of an address in bits: 32 or 128. */
  public int bits() {
    return bits;
  }

  /** The IP version number: 4 or 6. */
  public int version() {
    return version;
  }

  @Override
  public String toString() {
    return "IPv" + version;
  }
}
