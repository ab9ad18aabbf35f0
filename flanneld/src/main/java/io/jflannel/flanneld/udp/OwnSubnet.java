// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.net.Cidr;

/** Our part of the network, which may become another one while packets pass. Thread-safe. */
final class OwnSubnet {

  /** The address and the mask, read and written together. */
  private volatile long bits;

  OwnSubnet(Cidr subnet) {
    set(subnet);
  }

  void set(Cidr subnet) {
    int address = subnet.network().ip().v4Bits();
    bits = (long) address << 32 | Integer.toUnsignedLong(Admission.mask(subnet));
  }

  boolean contains(int address) {
    long now = bits;
    return (address & (int) now) == (int) (now >>> 32);
  }

  /** Its first one, which is the TUN's. */
  int address() {
    return (int) (bits >>> 32);
  }
}
