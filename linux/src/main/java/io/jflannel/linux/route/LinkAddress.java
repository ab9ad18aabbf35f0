// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;

/**
 * An IP address of a device (struct ifaddrmsg, linux/if_addr.h).
 *
 * @param linkIndex the device
 * @param cidr the local address with its prefix length, host bits kept
 * @param scope {@link Route#UNIVERSE}, {@link Route#LINK} or {@link Route#HOST}
 * @param flags IFA_F_*, all 32 bits
 */
public record LinkAddress(int linkIndex, Cidr cidr, int scope, int flags) {

  /** IFA_F_SECONDARY (IPv4), IFA_F_TEMPORARY (IPv6): the same bit. */
  public static final int SECONDARY = 0x01;

  /** IFA_F_NODAD: no duplicate address detection. */
  public static final int NODAD = 0x02;

  /** IFA_F_DADFAILED. */
  public static final int DADFAILED = 0x08;

  /** IFA_F_DEPRECATED. */
  public static final int DEPRECATED = 0x20;

  /** IFA_F_TENTATIVE: duplicate address detection runs. */
  public static final int TENTATIVE = 0x40;

  /** IFA_F_PERMANENT: without expiry; set by the kernel. */
  public static final int PERMANENT = 0x80;

  /** IFA_F_NOPREFIXROUTE. */
  public static final int NOPREFIXROUTE = 0x200;

  /** An address of global scope without flags. */
  public static LinkAddress of(int linkIndex, Cidr cidr) {
    return new LinkAddress(linkIndex, cidr, Route.UNIVERSE, 0);
  }

  public boolean permanent() {
    return (flags & PERMANENT) != 0;
  }

  public boolean deprecated() {
    return (flags & DEPRECATED) != 0;
  }

  public boolean tentative() {
    return (flags & TENTATIVE) != 0;
  }

  /** Duplicate address detection found another owner: the address is unusable. */
  public boolean dadFailed() {
    return (flags & DADFAILED) != 0;
  }

  /** An IPv6 privacy address (RFC 8981). */
  public boolean temporary() {
    return cidr.family() == Family.V6 && (flags & SECONDARY) != 0;
  }

  /** An IPv4 address that is not the first of its prefix on the device. */
  public boolean secondary() {
    return cidr.family() == Family.V4 && (flags & SECONDARY) != 0;
  }
}
