// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** Says whether the store's configuration still means what this daemon runs with. Pure. */
public final class ConfigWatch {

  private ConfigWatch() {}

  /** Why a restart is needed; empty if it is not. */
  public static Optional<String> restartNeeded(
      NetworkConfig running,
      Optional<String> text,
      Function<String, NetworkConfig> parser,
      String key) {
    if (text.isEmpty()) {
      return Optional.of("%s was deleted: a restart would wait for it".formatted(key));
    }
    try {
      return normal(parser.apply(text.get())).equals(normal(running))
          ? Optional.empty()
          : Optional.of("%s was changed: restart to use it".formatted(key));
    } catch (ConfigException | JsonException e) {
      return Optional.of(
          "%s was changed to something unusable, a restart would fail: %s"
              .formatted(key, e.getMessage()));
    }
  }

  private static NetworkConfig normal(NetworkConfig config) {
    return new NetworkConfig(
        config.v4(),
        config.v6(),
        config.nftables(),
        config.backendType().toLowerCase(Locale.ROOT),
        (Json.Obj) normal(config.backend()));
  }

  /** The order and the letter case of names mean nothing (NET-1). */
  private static Json normal(Json json) {
    return switch (json) {
      case Json.Obj object ->
          new Json.Obj(
              object.members().stream()
                  .map(member ->
                      new Json.Member(
                          member.name().toLowerCase(Locale.ROOT), normal(member.value())))
                  .sorted(Comparator.comparing(Json.Member::name))
                  .toList());
      case Json.Arr array -> new Json.Arr(array.items().stream().map(ConfigWatch::normal).toList());
      case Json.Str _, Json.Num _, Json.Bool _, Json.Null _ -> json;
    };
  }
}
