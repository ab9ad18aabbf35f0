// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The value of a lease's key: JSON exactly as upstream writes it (ETC-3, ETC-4, spec 7.3). */
public final class LeaseText {

  /** Which upstream's bytes to write; readers take both. */
  public enum Form {
    /**
     * Of releases with the etcd v2 store: no {@code PublicIPv6}, no {@code BackendV6Data}, and no
     * {@code VNI} in vxlan's data (golden, part 4). For leases of IPv4 alone.
     */
    V2,
    /** Of releases with the etcd v3 store. */
    V3
  }

  /** Twice and more what any backend writes, in characters. */
  static final int USUAL = 1_024;

  /** In the backend data of a lease. */
  private static final List<String> READ_BY_OTHERS = List.of("VNI", "VtepMAC");

  private LeaseText() {}

  /** Compact JSON. */
  public static String write(LeaseAttributes attributes, Form form) {
    List<Json.Member> members = new ArrayList<>();
    members.add(string("PublicIP", attributes.publicIp().orElse(Ip.V4_ZERO).toString()));
    if (form == Form.V3) {
      members.add(
          attributes
              .publicIpv6()
              .map(ip -> string("PublicIPv6", ip.toString()))
              .orElse(new Json.Member("PublicIPv6", new Json.Null())));
    }
    if (!attributes.backendType().isEmpty()) {
      members.add(string("BackendType", attributes.backendType()));
    }
    attributes
        .backendData()
        .map(data -> form == Form.V2 ? withoutVni(attributes.backendType(), data) : data)
        .ifPresent(data -> members.add(new Json.Member("BackendData", data)));
    if (form == Form.V3) {
      attributes
          .backendV6Data()
          .ifPresent(data -> members.add(new Json.Member("BackendV6Data", data)));
    }
    return new Json.Obj(members).text();
  }

  private static Json.Member string(String name, String value) {
    return new Json.Member(name, new Json.Str(value));
  }

  private static Json withoutVni(String backendType, Json data) {
    if (!backendType.equals("vxlan") || !(data instanceof Json.Obj object)) {
      return data;
    }
    return new Json.Obj(
        object.members().stream().filter(member -> !member.name().equals("VNI")).toList());
  }

  /**
   * Reads either form.
   *
   * @throws JsonException with the reason if the value is none (ETC-4)
   */
  public static LeaseAttributes read(String value) {
    return switch (Json.parse(value)) {
      case Json.Obj object ->
          new LeaseAttributes(
              publicIp(object),
              publicIpv6(object),
              backendType(object),
              object.member("BackendData"),
              object.member("BackendV6Data"));
      case Json.Null nothing ->
          new LeaseAttributes(
              Optional.empty(), Optional.empty(), "", Optional.empty(), Optional.empty());
      case Json.Arr _, Json.Str _, Json.Num _, Json.Bool _ ->
          throw new JsonException("the value is JSON, but no object");
    };
  }

  /**
   * What {@code value} says that anybody reads, if it is longer than leases are: whoever can write
   * keys must not be able to fill our memory with them.
   *
   * @throws JsonException as {@link #read}, or if it stays too long
   */
  public static String bounded(String value) {
    if (value.length() <= USUAL) {
      return value;
    }
    LeaseAttributes said = read(value);
    String text =
        write(
            new LeaseAttributes(
                said.publicIp(),
                said.publicIpv6(),
                said.backendType(),
                said.backendData().map(LeaseText::scalars),
                said.backendV6Data().map(LeaseText::scalars)),
            Form.V3);
    if (text.length() > USUAL) {
      throw new JsonException("the value has " + value.length() + " characters, too many");
    }
    return text;
  }

  /** Of an object what nodes publish for others; anything else is none of flannel's. */
  private static Json scalars(Json data) {
    if (!(data instanceof Json.Obj object)) {
      return new Json.Str("");
    }
    List<Json.Member> kept = new ArrayList<>();
    for (String name : READ_BY_OTHERS) {
      object
          .member(name)
          .filter(json -> json instanceof Json.Str || json instanceof Json.Num)
          .ifPresent(json -> kept.add(new Json.Member(name, json)));
    }
    return new Json.Obj(kept);
  }

  /** Absent means unset; {@code null} is refused, as upstream's decoder does. */
  private static Optional<Ip> publicIp(Json.Obj object) {
    Optional<Json> member = memberOrNull(object, "PublicIP");
    return member
        .map(json -> address(json, "PublicIP", Family.V4))
        .filter(ip -> !ip.isUnspecified());
  }

  private static Optional<Ip> publicIpv6(Json.Obj object) {
    return object.member("PublicIPv6").map(json -> address(json, "PublicIPv6", Family.V6));
  }

  private static Optional<Json> memberOrNull(Json.Obj object, String name) {
    return object.members().reversed().stream()
        .filter(member -> member.name().equalsIgnoreCase(name))
        .map(Json.Member::value)
        .findFirst();
  }

  private static Ip address(Json json, String field, Family family) {
    if (!(json instanceof Json.Str string)) {
      throw new JsonException(field + " is " + json.text() + ", not a string");
    }
    try {
      Ip ip = Ip.parse(string.value());
      if (ip.family() == family) {
        return ip;
      }
    } catch (IllegalArgumentException e) {
      throw new JsonException(field + ": " + e.getMessage());
    }
    throw new JsonException(field + " \"" + string.value() + "\" is no " + family + " address");
  }

  private static String backendType(Json.Obj object) {
    return object
        .member("BackendType")
        .map(json -> {
          if (json instanceof Json.Str string) {
            return string.value();
          }
          throw new JsonException("BackendType is " + json.text() + ", not a string");
        })
        .orElse("");
  }
}
