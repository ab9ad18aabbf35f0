// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The last segment of a lease's key (ETC-1, ETC-2): {@code 10.5.1.0-24}, {@code
 * 10.5.1.0-24&fd00::-64}, and {@code 0.0.0.0-0&fd00::-64} for IPv6 alone, as upstream writes it.
 * Anchored on both sides, other than upstream's (ODD-14).
 */
public final class SubnetKey {

  private static final Pattern FORM =
      Pattern.compile("([0-9]+(?:\\.[0-9]+){3})-([0-9]+)(?:&([0-9a-f:]+)-([0-9]+))?");

  /** Lengths as upstream's parser has them: a 5-bit and a 7-bit number. */
  private static final int LONGEST_V4 = 31;

  private static final int LONGEST_V6 = 127;

  private static final Cidr NO_V4 = new Cidr(Ip.V4_ZERO, 0);

  private SubnetKey() {}

  /** What the key says, host bits kept; empty if it is no subnet key. */
  public static Optional<Subnets> parse(String name) {
    Matcher form = FORM.matcher(name);
    if (!form.matches()) {
      return Optional.empty();
    }
    Optional<Cidr> v4 = cidr(form.group(1), form.group(2), Family.V4, LONGEST_V4);
    if (v4.isEmpty()) {
      return Optional.empty();
    }
    Optional<Cidr> real = v4.filter(cidr -> !cidr.equals(NO_V4));
    String address = form.group(3);
    if (address == null) {
      return real.map(cidr -> new Subnets(Optional.of(cidr), Optional.empty()));
    }
    return cidr(address, form.group(4), Family.V6, LONGEST_V6)
        .map(v6 -> new Subnets(real, Optional.of(v6)));
  }

  private static Optional<Cidr> cidr(String address, String digits, Family family, int longest) {
    int length = digits.length() > 3 ? Integer.MAX_VALUE : Integer.parseInt(digits);
    if (length > longest) {
      return Optional.empty();
    }
    try {
      Ip ip = Ip.parse(address);
      return ip.family() == family ? Optional.of(new Cidr(ip, length)) : Optional.empty();
    } catch (IllegalArgumentException notAnAddress) {
      return Optional.empty();
    }
  }

  /** The key of a lease. */
  public static String print(Subnets subnets) {
    String v4 = text(subnets.v4().orElse(NO_V4));
    return subnets.v6().map(v6 -> v4 + "&" + text(v6)).orElse(v4);
  }

  private static String text(Cidr cidr) {
    return cidr.ip() + "-" + cidr.length();
  }
}
