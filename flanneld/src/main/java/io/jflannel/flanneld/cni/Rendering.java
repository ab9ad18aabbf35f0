// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cni;

import io.jflannel.cni.CniException;
import io.jflannel.cni.CniVersion;
import io.jflannel.cni.DelegateConfig;
import io.jflannel.cni.FlannelEnv;
import io.jflannel.cni.Gateways;
import io.jflannel.cni.Layout;
import io.jflannel.cni.Names;
import io.jflannel.cni.PluginConfig;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What becomes of a template. */
public sealed interface Rendering {

  /** The list of plugins with {@code flannel} resolved, as text of a {@code .conflist} file. */
  record Resolved(String text) implements Rendering {}

  /** The template is none. */
  record Refused(String reason) implements Rendering {}

  /**
   * Resolves a template: a list of plugins, or a single one, which becomes a list. The list's own
   * members and the other plugins stay as they are: pools of addresses hang on the name, and
   * runtimes on the rest. {@code subnetFile} and {@code dataDir} of the flannel entry are of no use
   * here.
   */
  static Rendering of(String template, FlannelEnv env) {
    try {
      if (!(Json.parse(template) instanceof Json.Obj document)) {
        return new Refused("it is no JSON object");
      }
      return new Resolved(Layout.indented(resolved(list(document), env)) + "\n");
    } catch (JsonException | CniException e) {
      return new Refused(String.valueOf(e.getMessage()));
    }
  }

  private static Json.Obj list(Json.Obj document) {
    if (Layout.member(document, "plugins").isPresent()) {
      return document;
    }
    List<Json.Member> members = new ArrayList<>();
    for (String name : List.of("cniVersion", "name")) {
      Layout.member(document, name).ifPresent(value -> members.add(new Json.Member(name, value)));
    }
    members.add(
        new Json.Member("plugins", new Json.Arr(List.of(without(document, "cniVersion", "name")))));
    return new Json.Obj(members);
  }

  private static Json.Obj resolved(Json.Obj list, FlannelEnv env) {
    Names.checkNetwork(text(list, "name").orElse(""));
    CniVersion.of(text(list, "cniVersion").orElse(""));
    if (!(Layout.member(list, "plugins").orElseThrow() instanceof Json.Arr(List<Json> entries))) {
      throw new JsonException("\"plugins\" must be an array");
    }
    List<Json> plugins = new ArrayList<>();
    boolean found = false;
    for (Json entry : entries) {
      if (!(entry instanceof Json.Obj plugin)) {
        throw new JsonException("plugins: " + entry.text() + " is no object");
      }
      String type =
          text(plugin, "type").orElseThrow(() -> new JsonException("a plugin has no \"type\""));
      found |= type.equals("flannel");
      plugins.add(type.equals("flannel") ? delegate(list, plugin, env) : plugin);
    }
    if (!found) {
      throw new JsonException("no plugin of it is of type flannel");
    }
    return with(list, "plugins", new Json.Arr(plugins));
  }

  /**
   * As if the runtime had put the list's name and version into the entry, as it does, and the
   * plugin had run. Runtimes look at {@code capabilities} of the entry only, and fill {@code
   * runtimeConfig}, which the plugin passes on: so they go where the delegate now stands.
   */
  private static Json.Obj delegate(Json.Obj list, Json.Obj entry, FlannelEnv env) {
    Json.Obj asked = entry;
    for (String name : List.of("name", "cniVersion")) {
      asked = without(asked, name);
      Optional<Json> value = Layout.member(list, name);
      asked = value.isPresent() ? with(asked, name, value.get()) : asked;
    }
    DelegateConfig delegate = DelegateConfig.of(PluginConfig.of(asked), env);
    if (delegate.type().isEmpty()
        || delegate.type().equals("flannel")
        || delegate.type().indexOf('/') >= 0) {
      throw new JsonException(
          "delegate.type: \"" + delegate.type() + "\" is no plugin to delegate to");
    }
    Json.Obj resolved =
        checkable(list, without(delegate.object(), "name", "cniVersion", "capabilities"), env);
    Optional<Json> capabilities = Layout.member(entry, "capabilities");
    return capabilities.isPresent() ? with(resolved, "capabilities", capabilities.get()) : resolved;
  }

  /**
   * Where there is a CHECK, routes say which gateway they take: {@code host-local}'s, the first
   * address of the subnet.
   */
  private static Json.Obj checkable(Json.Obj list, Json.Obj delegate, FlannelEnv env) {
    String version = CniVersion.of(text(list, "cniVersion").orElse(""));
    if (CniVersion.isBefore(version, "0.4.0")
        || !(Layout.member(delegate, "ipam").orElseThrow() instanceof Json.Obj ipam)
        || !Layout.member(ipam, "type").equals(Optional.of(new Json.Str("host-local")))) {
      return delegate;
    }
    Map<Family, Ip> gateways = new EnumMap<>(Family.class);
    Stream.of(env.subnet4(), env.subnet6())
        .flatMap(Optional::stream)
        .forEach(subnet -> gateways.put(subnet.family(), subnet.ip().plus(1)));
    return with(delegate, "ipam", Gateways.named(ipam, gateways));
  }

  private static Optional<String> text(Json.Obj object, String name) {
    return Layout.member(object, name)
        .map(value -> {
          if (value instanceof Json.Str(String text)) {
            return text;
          }
          throw new JsonException("\"" + name + "\" must be a string");
        });
  }

  private static Json.Obj without(Json.Obj object, String... names) {
    Set<String> dropped = Set.of(names);
    return new Json.Obj(
        object.members().stream().filter(member -> !dropped.contains(member.name())).toList());
  }

  /** In the place of the member of that name, or at the end. */
  private static Json.Obj with(Json.Obj object, String name, Json value) {
    List<Json.Member> members = new ArrayList<>();
    boolean replaced = false;
    for (Json.Member member : object.members()) {
      if (!member.name().equals(name)) {
        members.add(member);
      } else if (!replaced) {
        members.add(new Json.Member(name, value));
        replaced = true;
      }
    }
    if (!replaced) {
      members.add(new Json.Member(name, value));
    }
    return new Json.Obj(members);
  }
}
