// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import io.jflannel.net.Cidr;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the daemon's subnet file says (spec 17.2).
 *
 * @param networks4 of {@code FLANNEL_NETWORK}, in its order, without duplicates
 * @param networks6 of {@code FLANNEL_IPV6_NETWORK}
 * @param subnet4 of {@code FLANNEL_SUBNET}: this node's, as a network address
 * @param subnet6 of {@code FLANNEL_IPV6_SUBNET}
 * @param mtu in bytes, 0 to 2^32 - 1
 */
public record FlannelEnv(
    List<Cidr> networks4,
    List<Cidr> networks6,
    Optional<Cidr> subnet4,
    Optional<Cidr> subnet6,
    long mtu,
    boolean ipMasq) {

  private static final long MAX_MTU = 0xffff_ffffL;

  public FlannelEnv {
    networks4 = List.copyOf(networks4);
    networks6 = List.copyOf(networks6);
  }

  /**
   * Reads the text of a subnet file: {@code KEY=VALUE} a line, blanks around both dropped (B46),
   * unknown keys ignored, later lines win.
   *
   * @param file its name, for the message
   * @throws CniException if a value is bad or one is missing
   */
  public static FlannelEnv parse(String file, String text) {
    Lines lines = new Lines(file);
    text.lines().map(String::strip).forEach(lines::read);
    return lines.env();
  }

  /** The lines so far. */
  private static final class Lines {
    private final String file;
    private List<Cidr> networks4 = List.of();
    private List<Cidr> networks6 = List.of();
    private Optional<Cidr> subnet4 = Optional.empty();
    private Optional<Cidr> subnet6 = Optional.empty();
    private OptionalLong mtu = OptionalLong.empty();
    private Optional<Boolean> ipMasq = Optional.empty();

    Lines(String file) {
      this.file = file;
    }

    void read(String line) {
      int equals = line.indexOf('=');
      String key = (equals < 0 ? line : line.substring(0, equals)).strip();
      try {
        switch (key) {
          case "FLANNEL_NETWORK" -> networks4 = networks(value(line, equals));
          case "FLANNEL_IPV6_NETWORK" -> networks6 = networks(value(line, equals));
          case "FLANNEL_SUBNET" -> subnet4 = Optional.of(Cidr.parse(value(line, equals)).network());
          case "FLANNEL_IPV6_SUBNET" ->
              subnet6 = Optional.of(Cidr.parse(value(line, equals)).network());
          case "FLANNEL_MTU" -> mtu = OptionalLong.of(mtu(value(line, equals)));
          case "FLANNEL_IPMASQ" -> ipMasq = Optional.of(value(line, equals).equals("true"));
          default -> {} // other keys may come, and are others'
        }
      } catch (IllegalArgumentException e) {
        throw new CniException(file + ": " + key + ": " + e.getMessage());
      }
    }

    /** Upstream crashes where there is none (B46). */
    private static String value(String line, int equals) {
      if (equals < 0) {
        throw new IllegalArgumentException("lacks = and a value");
      }
      return line.substring(equals + 1).strip();
    }

    private static List<Cidr> networks(String value) {
      LinkedHashSet<Cidr> networks = new LinkedHashSet<>();
      for (String part : value.split(",", -1)) {
        networks.add(Cidr.parse(part.strip()).network());
      }
      return List.copyOf(networks);
    }

    private static long mtu(String value) {
      if (value.isEmpty()
          || value.length() > 10
          || !value.chars().allMatch(c -> c >= '0' && c <= '9')
          || Long.parseLong(value) > MAX_MTU) {
        throw new IllegalArgumentException("\"" + value + "\" is no number from 0 to " + MAX_MTU);
      }
      return Long.parseLong(value);
    }

    FlannelEnv env() {
      List<String> missing = new ArrayList<>();
      if (networks4.isEmpty() && networks6.isEmpty()) {
        missing.addAll(List.of("FLANNEL_NETWORK", "FLANNEL_IPV6_NETWORK"));
      }
      if (subnet4.isEmpty() && subnet6.isEmpty()) {
        missing.addAll(List.of("FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET"));
      }
      if (mtu.isEmpty()) {
        missing.add("FLANNEL_MTU");
      }
      if (ipMasq.isEmpty()) {
        missing.add("FLANNEL_IPMASQ");
      }
      if (!missing.isEmpty()) {
        throw new CniException(file + " is missing " + String.join(", ", missing));
      }
      return new FlannelEnv(
          networks4, networks6, subnet4, subnet6, mtu.orElseThrow(), ipMasq.orElseThrow());
    }
  }
}
