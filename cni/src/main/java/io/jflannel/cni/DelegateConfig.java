// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.json.JsonFields;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The configuration of the plugin that does the work, {@code bridge} if no other is asked for (spec
 * 17.3).
 *
 * @param type the delegate's name
 * @param object names sorted, as upstream writes them
 */
public record DelegateConfig(String type, Json.Obj object) {

  /** Of a route of {@code ipam}. */
  private static final List<String> ROUTE_NUMBERS =
      List.of("mtu", "advmss", "priority", "table", "scope");

  /** For the others it is the same as nothing. */
  private static final Set<String> ZERO_COUNTS = Set.of("table", "scope");

  /**
   * What {@code flannel} would delegate to.
   *
   * @throws CniException if {@code delegate} has what it must not have
   * @throws JsonException if a route of {@code ipam} cannot be read
   */
  public static DelegateConfig of(PluginConfig config, FlannelEnv env) {
    Map<String, Json> delegate = Layout.members(config.delegate());
    String type = type(delegate);
    for (String name : List.of("name", "ipam")) {
      if (delegate.containsKey(name)) {
        throw new CniException(
            "'delegate' must not have '" + name + "': it comes from the configuration around it");
      }
    }
    config.runtimeConfig().ifPresent(given -> delegate.put("runtimeConfig", given));
    delegate.put("name", new Json.Str(config.name()));
    delegate.put("type", new Json.Str(type));
    delegate.putIfAbsent("ipMasq", new Json.Bool(!env.ipMasq()));
    delegate.putIfAbsent("mtu", new Json.Num(Long.toString(env.mtu())));
    if (type.equals("bridge")) {
      delegate.putIfAbsent("isGateway", new Json.Bool(true));
    }
    if (!config.cniVersion().isEmpty()) {
      delegate.put("cniVersion", new Json.Str(config.cniVersion()));
    }
    delegate.put("ipam", ipam(config.ipam(), env));
    return new DelegateConfig(type, Layout.sorted(delegate));
  }

  /**
   * A configuration that was kept.
   *
   * @throws CniException if it names no plugin
   */
  static DelegateConfig kept(Json.Obj object) {
    return new DelegateConfig(type(Layout.members(object)), object);
  }

  /** The same with one more member. */
  DelegateConfig with(String name, Json value) {
    Map<String, Json> members = Layout.members(object);
    members.put(name, value);
    return new DelegateConfig(type, Layout.sorted(members));
  }

  String text() {
    return object.text();
  }

  private static String type(Map<String, Json> delegate) {
    return switch (delegate.getOrDefault("type", new Json.Str("bridge"))) {
      case Json.Str(String type) -> type;
      case Json.Obj _, Json.Arr _, Json.Num _, Json.Bool _, Json.Null _ ->
          throw new CniException("'type' of 'delegate' must be a string");
    };
  }

  private static Json.Obj ipam(Json.Obj given, FlannelEnv env) {
    Map<String, Json> ipam = Layout.members(given);
    ipam.putIfAbsent("type", new Json.Str("host-local"));
    ipam.put(
        "ranges",
        new Json.Arr(
            Stream.of(env.subnet4(), env.subnet6())
                .flatMap(Optional::stream)
                .map(subnet -> (Json) new Json.Arr(List.of(member("subnet", subnet))))
                .toList()));
    List<Json> routes = new ArrayList<>(routes(given));
    Stream.concat(env.networks4().stream(), env.networks6().stream())
        .forEach(network -> routes.add(member("dst", network)));
    ipam.put("routes", new Json.Arr(routes));
    return Layout.sorted(ipam);
  }

  private static Json.Obj member(String name, Cidr value) {
    return new Json.Obj(List.of(new Json.Member(name, new Json.Str(value.toString()))));
  }

  private static List<Json> routes(Json.Obj ipam) {
    return switch (Layout.member(ipam, "routes").orElse(new Json.Null())) {
      case Json.Arr(List<Json> items) -> items.stream().map(DelegateConfig::route).toList();
      case Json.Null _ -> List.of();
      case Json.Obj _, Json.Str _, Json.Num _, Json.Bool _ ->
          throw new JsonException("'routes' of 'ipam' must be an array");
    };
  }

  /** Only what CNI knows of a route. */
  private static Json route(Json given) {
    if (!(given instanceof Json.Obj object)) {
      throw new JsonException("a route of 'ipam' is no object: " + given.text());
    }
    JsonFields fields = new JsonFields("ipam.routes.", object);
    List<Json.Member> members = new ArrayList<>();
    Cidr destination =
        fields
            .text("dst", JsonFields.NullRule.REFUSED, Cidr::parse)
            .orElseThrow(() -> new JsonException("a route of 'ipam' lacks 'dst': " + given.text()));
    members.add(new Json.Member("dst", new Json.Str(destination.toString())));
    fields
        .text("gw", JsonFields.NullRule.KEEPS, DelegateConfig::gateway)
        .flatMap(Function.identity())
        .ifPresent(gateway -> members.add(new Json.Member("gw", new Json.Str(gateway.toString()))));
    for (String name : ROUTE_NUMBERS) {
      OptionalLong number = fields.integer(name, 0, Integer.MAX_VALUE);
      if (number.isPresent() && (number.getAsLong() > 0 || ZERO_COUNTS.contains(name))) {
        members.add(new Json.Member(name, new Json.Num(Long.toString(number.getAsLong()))));
      }
    }
    return new Json.Obj(members);
  }

  private static Optional<Ip> gateway(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(Ip.parse(text));
  }
}
