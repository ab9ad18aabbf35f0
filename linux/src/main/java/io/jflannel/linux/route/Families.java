// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/** AF_* of linux/socket.h. */
final class Families {

  static final int UNSPEC = 0;
  static final int INET = 2;
  static final int BRIDGE = 7;
  static final int INET6 = 10;

  private static final Optional<Family> V4 = Optional.of(Family.V4);
  private static final Optional<Family> V6 = Optional.of(Family.V6);

  private Families() {}

  static int number(Family family) {
    return family == Family.V4 ? INET : INET6;
  }

  static int number(Ip ip) {
    return ip.isV4() ? INET : INET6;
  }

  static Optional<Family> of(int number) {
    return switch (number) {
      case INET -> V4;
      case INET6 -> V6;
      default -> Optional.empty();
    };
  }

  /** {@code 0.0.0.0} or {@code ::}; null has no place here, so callers check the family first. */
  static Ip unspecified(int number) {
    return number == INET ? Ip.V4_ZERO : Ip.V6_ZERO;
  }

  /**
   * Whether the address is of the message's family and the length fits. IPv4-mapped IPv6 addresses
   * are outside what {@link Ip} can hold as IPv6; such routes (some systems install {@code
   * unreachable ::ffff:0:0/96}) are not shown.
   */
  static boolean representable(int number, Ip ip, int length) {
    return number(ip) == number && length <= ip.family().bits();
  }

  static Optional<Cidr> cidr(int number, Ip ip, int length) {
    return representable(number, ip, length) ? Optional.of(new Cidr(ip, length)) : Optional.empty();
  }
}
