// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import io.jflannel.json.Json;
import java.util.List;

/**
 * What {@code ip -d -j} and {@code bridge -j} show of a node, as compact JSON texts, one for each
 * object.
 */
final class Seen {

  private Seen() {}

  /** Routes of the main table whose text contains {@code part}. */
  static List<String> routes(int node, String part) throws Exception {
    return texts(Site.onNode(node, "-d -j route show"), part);
  }

  static List<String> routes6(int node, String part) throws Exception {
    return texts(Site.onNode(node, "-6 -d -j route show"), part);
  }

  /** Permanent neighbours of a device, both families. */
  static List<String> neighbours(int node, String device) throws Exception {
    return texts(Site.onNode(node, "-j neigh show nud permanent"), "\"dev\":\"" + device + "\"");
  }

  /** Forwarding entries of a device. */
  static List<String> fdb(int node, String device) throws Exception {
    return texts(Site.exec(node, "bridge -j fdb show"), "\"ifname\":\"" + device + "\"");
  }

  /** Addresses of a device as {@code address/length scope}. */
  static List<String> addresses(int node, String device) throws Exception {
    return items(Site.onNode(node, "-j addr show dev " + device)).stream()
        .flatMap(link -> items(member(link, "addr_info")).stream())
        .map(info ->
            "%s/%s %s"
                .formatted(
                    text(member(info, "local")),
                    text(member(info, "prefixlen")),
                    text(member(info, "scope"))))
        .toList();
  }

  /** The device, with details. */
  static Json.Obj link(int node, String device) throws Exception {
    return (Json.Obj) items(Site.onNode(node, "-d -j link show dev " + device)).getFirst();
  }

  static boolean exists(int node, String device) throws Exception {
    return Site.onNode(node, "-o link show").contains(": " + device + ":");
  }

  static String mac(int node, String device) throws Exception {
    return text(member(link(node, device), "address"));
  }

  static String index(int node, String device) throws Exception {
    return text(member(link(node, device), "ifindex"));
  }

  static String mtu(int node, String device) throws Exception {
    return text(member(link(node, device), "mtu"));
  }

  /** {@code info_data} of the device. */
  static Json.Obj vxlan(int node, String device) throws Exception {
    return (Json.Obj) member(member(link(node, device), "linkinfo"), "info_data");
  }

  static String acceptRa(int node, String device) throws Exception {
    return Site.exec(node, "cat /proc/sys/net/ipv6/conf/" + device + "/accept_ra").strip();
  }

  /** Whether all that {@code golden} says is so; {@code actual} may say more (other releases). */
  static boolean includes(String golden, Json.Obj actual) {
    return ((Json.Obj) Json.parse(golden))
        .members().stream()
            .allMatch(wanted ->
                actual
                    .member(wanted.name())
                    .filter(found -> found.text().equals(wanted.value().text()))
                    .isPresent());
  }

  static Json member(Json json, String name) {
    return ((Json.Obj) json)
        .member(name)
        .orElseThrow(() -> new AssertionError("no " + name + " in " + json.text()));
  }

  static String text(Json json) {
    return json instanceof Json.Str(String value) ? value : json.text();
  }

  private static List<String> texts(String output, String part) {
    return items(output).stream().map(Json::text).filter(text -> text.contains(part)).toList();
  }

  private static List<Json> items(String output) {
    return output.isBlank() ? List.of() : items(Json.parse(output));
  }

  /** {@code ip} prints an empty object for what a filter leaves out. */
  private static List<Json> items(Json json) {
    return ((Json.Arr) json)
        .items().stream().filter(item -> !item.equals(new Json.Obj(List.of()))).toList();
  }
}
