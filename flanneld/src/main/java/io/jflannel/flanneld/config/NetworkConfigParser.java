// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.json.JsonFields;
import io.jflannel.json.JsonFields.NullRule;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/** The network configuration's JSON, validated, with its defaults computed (spec section 3). */
public final class NetworkConfigParser {

  private NetworkConfigParser() {}

  /**
   * Reads the value of {@code <prefix>/config}.
   *
   * @throws ConfigException naming field, value and rule; where the text stands is the caller's to
   *     say
   */
  public static NetworkConfig parse(String json) {
    return parse(json, Raw::validated);
  }

  /**
   * Reads net-conf.json for a store in which others give the nodes their subnets: SubnetLen,
   * SubnetMin and SubnetMax are decoded and mean nothing.
   *
   * @throws ConfigException as {@link #parse}
   */
  public static NetworkConfig parseNetworks(String json) {
    return parse(json, Raw::networkAlone);
  }

  private static NetworkConfig parse(String json, Function<Raw, AddressRange> check) {
    try {
      return config(JsonFields.ofDocument("the value", Json.parse(json)), check);
    } catch (JsonException e) {
      throw new ConfigException(e.getMessage());
    }
  }

  private static NetworkConfig config(JsonFields fields, Function<Raw, AddressRange> check) {
    // Every field is decoded, also those of a family that is off, as upstream does.
    Raw v4 = Raw.read(fields, Family.V4);
    Raw v6 = Raw.read(fields, Family.V6);
    boolean v4On = fields.bool("EnableIPv4").orElse(true);
    boolean v6On = fields.bool("EnableIPv6").orElse(false);
    boolean nftables = fields.bool("EnableNFTables").orElse(false);
    Backend backend = Backend.read(fields);
    if (!v4On && !v6On) {
      throw ConfigException.fatal(
          "EnableIPv4 is false and EnableIPv6 is not true: no address family is left; set at least"
              + " one of them to true");
    }
    return new NetworkConfig(
        v4On ? Optional.of(check.apply(v4)) : Optional.empty(),
        v6On ? Optional.of(check.apply(v6)) : Optional.empty(),
        nftables,
        backend.type,
        backend.object);
  }

  /** NET-3: no Backend at all means udp (ODD-8), one without a Type (or null) an empty type. */
  private record Backend(String type, Json.Obj object) {

    static Backend read(JsonFields fields) {
      Optional<Json> raw = fields.raw("Backend");
      if (raw.isEmpty()) {
        return new Backend("udp", new Json.Obj(List.of()));
      }
      JsonFields backend =
          new JsonFields("Backend.", JsonFields.ofDocument("Backend", raw.get()).object());
      return new Backend(backend.string("Type").orElse(""), backend.object());
    }
  }

  /**
   * One family's fields as written.
   *
   * @param prefix of the fields' names: empty or {@code IPv6}
   * @param length 0: to be computed
   */
  private record Raw(
      Family family,
      String prefix,
      Optional<Cidr> network,
      long length,
      Optional<Ip> min,
      Optional<Ip> max) {

    static Raw read(JsonFields fields, Family family) {
      String prefix = family == Family.V4 ? "" : "IPv6";
      // NET-2: upstream holds these two as pointers
      NullRule bound = family == Family.V4 ? NullRule.REFUSED : NullRule.CLEARS;
      Optional<Cidr> network =
          fields.text(prefix + "Network", NullRule.REFUSED, text -> parseNetwork(text, family));
      OptionalLong length = fields.uint(prefix + "SubnetLen");
      Optional<Ip> min =
          fields.text(prefix + "SubnetMin", bound, text -> parseAddress(text, family));
      Optional<Ip> max =
          fields.text(prefix + "SubnetMax", bound, text -> parseAddress(text, family));
      return new Raw(
          family,
          prefix,
          network,
          length.orElse(0),
          min.filter(ip -> !ip.isUnspecified()),
          max.filter(ip -> !ip.isUnspecified()));
    }

    /** The table of 3.2 in its order, row numbers as there; 3.3 alike. */
    AddressRange validated() {
      Cidr net = demandedNetwork(); // 1
      int bits = subnetLength(net);
      Ip first = min.orElseGet(() -> new Cidr(net.ip(), bits).next().orElseThrow().ip()); // 7
      inside(net, "SubnetMin", min); // 8
      Ip last = max.orElseGet(() -> lastSubnet(net, bits)); // 9
      inside(net, "SubnetMax", max); // 10
      onBoundary(bits, "SubnetMin", first); // 11
      onBoundary(bits, "SubnetMax", last); // 12
      return new AddressRange(net, bits, first, last);
    }

    /** No subnets to hand out: the bounds are the network's. */
    AddressRange networkAlone() {
      Cidr net = demandedNetwork();
      return new AddressRange(net, net.length(), net.ip(), net.ip());
    }

    private Cidr demandedNetwork() {
      return network
          .filter(n -> n.length() > 0 || !n.ip().isUnspecified())
          .orElseThrow(this::missing);
    }

    private int subnetLength(Cidr net) {
      int longest = family.bits() - 2;
      int shortest = net.length() + 2;
      if (length > longest) { // 2
        throw bad("SubnetLen", length, "must be " + longest + " or less");
      }
      if (length > 0) {
        if (length < shortest) { // 3
          throw bad(
              "SubnetLen",
              length,
              "must be " + shortest + " or more: " + net + " has to hold at least four subnets");
        }
        return (int) length;
      }
      int smallest = family.bits() - 4;
      if (net.length() > smallest) { // 4
        throw bad("Network", net, "is too small, /" + smallest + " is the minimum");
      }
      int usual = family == Family.V4 ? 24 : 64;
      return Math.max(usual, shortest); // 5, 6
    }

    private void inside(Cidr net, String field, Optional<Ip> bound) {
      if (bound.isPresent() && !net.contains(bound.get())) {
        throw bad(field, bound.get(), "is not within " + prefix + "Network " + net);
      }
    }

    private void onBoundary(int bits, String field, Ip bound) {
      Cidr subnet = new Cidr(bound, bits).network();
      if (!subnet.ip().equals(bound)) {
        throw bad(field, bound, "is not on a /" + bits + " boundary, " + subnet.ip() + " would be");
      }
    }

    private ConfigException missing() {
      return new ConfigException(
          prefix
              + "Network is missing or covers everything: a CIDR such as "
              + (family == Family.V4 ? "\"10.244.0.0/16\"" : "\"fd00:10:244::/56\"")
              + " is required while "
              + (family == Family.V4 ? "EnableIPv4 is not false" : "EnableIPv6 is true"));
    }

    private ConfigException bad(String field, Object value, String rule) {
      return new ConfigException(prefix + field + " " + value + " " + rule);
    }
  }

  private static Cidr parseNetwork(String text, Family family) {
    Cidr cidr = Cidr.parse(text);
    if (cidr.family() != family) { // ODD-9, NET-5
      throw new IllegalArgumentException("\"" + text + "\" is no " + family + " CIDR");
    }
    Cidr network = cidr.network();
    if (coversMappedAddresses(network)) {
      throw new IllegalArgumentException(
          "\"" + text + "\" overlaps ::ffff:0:0/96, the IPv4-mapped addresses");
    }
    return network;
  }

  private static Ip parseAddress(String text, Family family) {
    Ip ip = Ip.parse(text);
    if (ip.family() != family) {
      throw new IllegalArgumentException("\"" + text + "\" is no " + family + " address");
    }
    return ip;
  }

  /** Subnets of such a network would be IPv4 addresses in disguise. {@code ::/0} means missing. */
  private static boolean coversMappedAddresses(Cidr network) {
    Ip ip = network.ip();
    int length = network.length();
    if (ip.isV4() || length == 0 || ip.high() != 0) {
      return false;
    }
    long mask = length <= 64 ? 0 : -1L << Math.max(32, 128 - length);
    return ((ip.low() ^ 0xffff_0000_0000L) & mask) == 0;
  }

  /** The last subnet of that length: the network's last address, host bits dropped. */
  private static Ip lastSubnet(Cidr network, int length) {
    Ip ip = network.ip();
    int bits = network.length();
    if (ip.isV4()) {
      return new Cidr(Ip.v4(ip.v4Bits() | -1 >>> bits), length).network().ip();
    }
    long high = bits >= 64 ? 0 : -1L >>> bits;
    long low = bits <= 64 ? -1L : -1L >>> (bits - 64);
    return new Cidr(new Ip(ip.high() | high, ip.low() | low), length).network().ip();
  }
}
