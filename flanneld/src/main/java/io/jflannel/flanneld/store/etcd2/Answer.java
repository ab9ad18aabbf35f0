// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import io.jflannel.json.Json;
import java.util.Optional;

/**
 * What etcd said.
 *
 * @param status of HTTP
 * @param index {@code X-Etcd-Index}; 0 if absent
 * @param clusterId {@code X-Etcd-Cluster-Id}; empty if absent
 * @param body empty when a long poll ended without an event
 */
record Answer(int status, long index, String clusterId, Optional<Json.Obj> body) {

  /** "Key not found". */
  static final long NOT_FOUND = 100;

  /** "Compare failed". */
  static final long COMPARE_FAILED = 101;

  /** "Key already exists". */
  static final long EXISTS = 105;

  /** "The event in requested index is outdated and cleared". */
  static final long CLEARED = 401;

  /** etcd's error code; 0 if it is none. */
  long errorCode() {
    return body.map(object -> Nodes.number(object, "errorCode")).orElse(0L);
  }

  /** The index an error carries, else the header's. */
  long errorIndex() {
    return index != 0 ? index : body.map(object -> Nodes.number(object, "index")).orElse(0L);
  }

  /** {@code n: message (cause) [i]}, as etcd's own client prints it (7.1). */
  String errorText() {
    if (body.isEmpty() || errorCode() == 0) {
      return "HTTP status "
          + status
          + body.map(object -> " " + Nodes.text(object, "message")).orElse("");
    }
    Json.Obj object = body.get();
    return "%d: %s (%s) [%d]"
        .formatted(
            errorCode(),
            Nodes.text(object, "message"),
            Nodes.text(object, "cause"),
            Nodes.number(object, "index"));
  }
}
