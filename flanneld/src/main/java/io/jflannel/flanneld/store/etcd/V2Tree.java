// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import io.jflannel.flanneld.json.Json;
import io.jflannel.flanneld.json.JsonException;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.HttpGet.Answer;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.util.Optional;

/** What can be told about an etcd without gRPC. */
final class V2Tree {

  private final EtcdAccess access;
  private final HttpGet http;
  private final KeyNames keys;

  V2Tree(EtcdAccess access) {
    this.access = access;
    this.http = new HttpGet(access);
    this.keys = KeyNames.v2(access.prefix());
  }

  /** {@code etcdserver} of {@code GET /version}; empty if what answers does not say. */
  Optional<String> version() throws InterruptedException {
    Answer answer = http.get("/version");
    if (answer.status() != 200) {
      return Optional.empty();
    }
    return object(answer.body())
        .flatMap(object -> object.member("etcdserver"))
        .filter(Json.Str.class::isInstance)
        .map(json -> ((Json.Str) json).value());
  }

  /** Whether a key is there. */
  enum Found {
    PRESENT,
    ABSENT,
    /** This etcd does not serve the v2 API. */
    NO_API
  }

  /** The network configuration. */
  Found config() throws InterruptedException {
    Answer answer = get(keys.config());
    if (answer.status() == 200) {
      return Found.PRESENT;
    }
    // etcd's own 404 is JSON with errorCode 100; "404 page not found" means: no such API
    return object(answer.body()).flatMap(object -> object.member("errorCode")).isPresent()
        ? Found.ABSENT
        : Found.NO_API;
  }

  /** Whether there is at least one lease. */
  boolean leases() throws InterruptedException {
    Answer answer = get(keys.subnets().substring(0, keys.subnets().length() - 1));
    return answer.status() == 200
        && object(answer.body())
            .flatMap(body -> body.member("node"))
            .flatMap(
                node -> node instanceof Json.Obj object ? object.member("nodes") : Optional.empty())
            .filter(nodes -> nodes instanceof Json.Arr list && !list.items().isEmpty())
            .isPresent();
  }

  /** An answer with status 200 or 404. */
  private Answer get(String key) throws InterruptedException {
    Answer answer =
        http.get(
            "/v2/keys" + key.replace(" ", "%20") + "?quorum=true&recursive=false&sorted=false");
    if (answer.status() != 200 && answer.status() != 404) {
      throw new StoreException(
          "etcd at %s, v2 key %s: HTTP status %d (--etcd-api=v3 does not ask for it)"
              .formatted(access.endpoints().text(), key, answer.status()));
    }
    return answer;
  }

  private static Optional<Json.Obj> object(String text) {
    try {
      return Json.parse(text) instanceof Json.Obj object ? Optional.of(object) : Optional.empty();
    } catch (JsonException e) {
      return Optional.empty();
    }
  }
}
