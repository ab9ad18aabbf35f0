// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import io.jflannel.flanneld.json.Json;
import io.jflannel.flanneld.json.JsonException;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.util.Optional;

/** What can be told about an etcd without gRPC. */
final class V2Tree {

  private final EtcdAccess access;
  private final HttpGet http;

  V2Tree(EtcdAccess access) {
    this.access = access;
    this.http = new HttpGet(access);
  }

  /** {@code etcdserver} of {@code GET /version}; empty if what answers does not say. */
  Optional<String> version() throws InterruptedException {
    HttpGet.Answer answer = http.get("/version");
    if (answer.status() != 200) {
      return Optional.empty();
    }
    return object(answer.body())
        .flatMap(object -> object.member("etcdserver"))
        .filter(Json.Str.class::isInstance)
        .map(json -> ((Json.Str) json).value());
  }

  /** What the tree holds; nothing if this etcd does not serve the v2 API. */
  Optional<Choice.Tree> look() throws InterruptedException {
    KeyNames keys = KeyNames.v2(access.prefix());
    Optional<Optional<Json.Obj>> config = node(keys.config());
    if (config.isEmpty()) {
      return Optional.empty();
    }
    if (config.get().isEmpty()) {
      return Optional.of(Choice.Tree.EMPTY);
    }
    Optional<Json> leases =
        node(keys.subnets().substring(0, keys.subnets().length() - 1))
            .flatMap(node -> node)
            .flatMap(node -> node.member("nodes"));
    boolean any =
        leases.filter(json -> json instanceof Json.Arr arr && !arr.items().isEmpty()).isPresent();
    return Optional.of(new Choice.Tree(true, any));
  }

  /** The node of a key, if it exists; empty outside if there is no v2 API. */
  private Optional<Optional<Json.Obj>> node(String key) throws InterruptedException {
    HttpGet.Answer answer =
        http.get(
            "/v2/keys" + key.replace(" ", "%20") + "?quorum=true&recursive=false&sorted=false");
    Optional<Json.Obj> body = object(answer.body());
    if (answer.status() == 200 && body.isPresent()) {
      return Optional.of(
          body.get().member("node").filter(Json.Obj.class::isInstance).map(Json.Obj.class::cast));
    }
    if (answer.status() == 404) {
      // etcd's own 404 is JSON with errorCode 100; "404 page not found" means: no such API
      return body.flatMap(object -> object.member("errorCode")).isPresent()
          ? Optional.of(Optional.empty())
          : Optional.empty();
    }
    throw new StoreException(
        "etcd at %s, v2 key %s: HTTP status %d (--etcd-api=v3 does not ask for it)"
            .formatted(access.endpoints().text(), key, answer.status()));
  }

  private static Optional<Json.Obj> object(String text) {
    try {
      return Json.parse(text) instanceof Json.Obj object ? Optional.of(object) : Optional.empty();
    } catch (JsonException e) {
      return Optional.empty();
    }
  }
}
