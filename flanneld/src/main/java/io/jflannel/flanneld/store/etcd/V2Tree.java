// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.HttpGet.Answer;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
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

  /**
   * What {@code GET /version} was answered with.
   *
   * @param number {@code etcdserver}; empty if what answers does not say
   * @param status of HTTP
   */
  record Version(Optional<String> number, int status) {}

  Version version() throws InterruptedException {
    Answer answer = http.get("/version");
    Optional<String> number =
        Optional.of(answer)
            .filter(given -> given.status() == 200)
            .flatMap(given -> object(given.body()))
            .flatMap(object -> object.member("etcdserver"))
            .filter(Json.Str.class::isInstance)
            .map(json -> ((Json.Str) json).value());
    return new Version(number, answer.status());
  }

  /** Whether a key is there. */
  enum Found {
    PRESENT,
    ABSENT,
    /** This etcd does not serve the v2 API. */
    NO_API
  }

  /**
   * The network configuration.
   *
   * @param version of what answers: if it is no etcd as far as one can tell, neither is its refusal
   */
  Found config(Version version) throws InterruptedException {
    Answer answer = ask(keys.config());
    Optional<Json.Obj> body = object(answer.body());
    if (answer.status() == 200 && body.flatMap(object -> object.member("node")).isPresent()) {
      return Found.PRESENT;
    }
    if (answer.status() != 404 && version.number().isPresent()) {
      throw refused(keys.config(), answer);
    }
    // etcd's own 404 is JSON with errorCode 100; "404 page not found" means: no such API
    return body.flatMap(object -> object.member("errorCode")).isPresent()
        ? Found.ABSENT
        : Found.NO_API;
  }

  /** Whether there is at least one lease. */
  boolean leases() throws InterruptedException {
    String key = keys.subnets().substring(0, keys.subnets().length() - 1);
    Answer answer = ask(key);
    if (answer.status() != 200 && answer.status() != 404) {
      throw refused(key, answer);
    }
    return answer.status() == 200
        && object(answer.body())
            .flatMap(body -> body.member("node"))
            .flatMap(
                node -> node instanceof Json.Obj object ? object.member("nodes") : Optional.empty())
            .filter(nodes -> nodes instanceof Json.Arr list && !list.items().isEmpty())
            .isPresent();
  }

  private Answer ask(String key) throws InterruptedException {
    return http.get(
        "/v2/keys" + key.replace(" ", "%20") + "?quorum=true&recursive=false&sorted=false");
  }

  private StoreException refused(String key, Answer answer) {
    return new StoreException(
        "etcd at %s: GET /v2/keys%s was answered with HTTP status %d (--etcd-api=v3 does not ask)"
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
