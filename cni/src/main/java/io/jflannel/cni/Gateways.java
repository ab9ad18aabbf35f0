// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.json.JsonFields;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Routes that name their gateway. A delegate sends a route without one through the gateway of its
 * family's address; but {@code bridge} (1.1.1), asked for a CHECK, looks for exactly what the
 * result says, and finds no such route without a gateway.
 */
public final class Gateways {

  private Gateways() {}

  /**
   * An {@code ipam} or a result with a {@code gw} in all of its {@code routes} whose family has a
   * gateway.
   *
   * @throws JsonException if a route cannot be read
   */
  public static Json.Obj named(Json.Obj object, Map<Family, Ip> gateways) {
    Map<String, Json> members = Layout.members(object);
    if (members.get("routes") instanceof Json.Arr(List<Json> routes)) {
      members.put(
          "routes", new Json.Arr(routes.stream().map(route -> named(route, gateways)).toList()));
    }
    return Layout.sorted(members);
  }

  private static Json named(Json route, Map<Family, Ip> gateways) {
    JsonFields fields = JsonFields.ofDocument("a route", route);
    List<Json.Member> members = new ArrayList<>(fields.object().members());

    if (fields.string("gw").isEmpty()) {
      fields
          .text("dst", JsonFields.NullRule.KEEPS, Cidr::parse)
          .map(destination -> gateways.get(destination.family()))
          .ifPresent(gw -> members.add(new Json.Member("gw", new Json.Str(gw.toString()))));
    }
    return new Json.Obj(members);
  }

  /**
   * The same result with the gateways of its addresses ({@code ips}) in its routes.
   *
   * @throws JsonException if an address or a route cannot be read
   */
  static Json.Obj named(Json.Obj result) {
    Map<Family, Ip> gateways = new EnumMap<>(Family.class);
    if (Layout.members(result).get("ips") instanceof Json.Arr(List<Json> addresses)) {
      for (Json address : addresses) {
        JsonFields.ofDocument("an address", address)
            .text("gateway", JsonFields.NullRule.KEEPS, Ip::parse)
            .ifPresent(gateway -> gateways.putIfAbsent(gateway.family(), gateway));
      }
    }
    return named(result, gateways);
  }
}
