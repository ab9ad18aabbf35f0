// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.net.Family;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What one daemon's chains, tables and comments are called: upstream's names, with {@code
 * --instance} appended, so that several daemons on a host do not meet.
 *
 * @param instance letters, digits, {@code _} and {@code -}, at most twelve of them: a chain's name
 *     has at most 28 characters (linux/netfilter/x_tables.h)
 */
public record Names(Optional<String> instance) {

  /** Upstream's names. */
  public static final Names UPSTREAM = new Names(Optional.empty());

  private static final Pattern INSTANCE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,11}");

  public Names {
    instance.ifPresent(name -> {
      if (!INSTANCE.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "\"" + name + "\" must be 1 to 12 letters, digits, _ or -, and begin with no sign");
      }
    });
  }

  /** A chain of iptables. */
  public String chain(Part part) {
    return part.chain() + suffix("-");
  }

  /** The comment on each rule of iptables. */
  public String comment(Part part) {
    return part.comment() + suffix(" ");
  }

  /** A table of nftables. */
  public String nftTable(Family family) {
    return "flannel-ipv" + family.version() + suffix("-");
  }

  private String suffix(String separator) {
    return instance.map(name -> separator + name).orElse("");
  }
}
