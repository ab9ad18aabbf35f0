// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.json.JsonFields;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a network configuration says to the plugin {@code flannel} (spec 17.1). Names match without
 * regard to case, as in Go; what is not listed here is not forwarded to the delegate.
 *
 * @param cniVersion empty if absent
 * @param name of the network; empty if absent
 * @param subnetFile what the daemon writes
 * @param dataDir where the plugin keeps the delegate's configurations
 * @param delegate the base of the delegate's configuration
 * @param ipam the base of the delegate's {@code ipam}
 * @param runtimeConfig what the runtime says, copied to the delegate
 */
public record PluginConfig(
    String cniVersion,
    String name,
    Path subnetFile,
    Path dataDir,
    Json.Obj delegate,
    Json.Obj ipam,
    Optional<Json.Obj> runtimeConfig) {

  private static final Path SUBNET_FILE = Path.of("/run/flannel/subnet.env");
  private static final Path DATA_DIR = Path.of("/var/lib/cni/flannel");

  /**
   * Reads a configuration.
   *
   * @throws JsonException naming the field that has the wrong type
   */
  public static PluginConfig of(Json json) {
    JsonFields fields = JsonFields.ofDocument("the network configuration", json);
    fields.string("type"); // whatever it says: the runtime has chosen this plugin by it
    return new PluginConfig(
        fields.string("cniVersion").orElse(""),
        fields.string("name").orElse(""),
        path(fields, "subnetFile").orElse(SUBNET_FILE),
        path(fields, "dataDir").orElse(DATA_DIR),
        fields.fields("delegate").object(),
        fields.fields("ipam").object(),
        fields
            .raw("runtimeConfig")
            .filter(given -> !(given instanceof Json.Null))
            .map(_ -> fields.fields("runtimeConfig").object()));
  }

  private static Optional<Path> path(JsonFields fields, String name) {
    return fields.text(
        name,
        JsonFields.NullRule.KEEPS,
        text -> {
          if (text.isEmpty()) {
            throw new IllegalArgumentException("it is empty");
          }
          return Path.of(text);
        });
  }
}
