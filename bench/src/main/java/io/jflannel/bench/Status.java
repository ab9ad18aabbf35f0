// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a daemon's status file says.
 *
 * @param programmed peers that are in the kernel
 * @param passCpuMillis processor time of all passes so far
 * @param messages netlink messages written by all passes so far
 * @param last the last pass
 * @param datapath of the backend udp, as it is in use
 */
record Status(
    int peers,
    int programmed,
    long passCpuMillis,
    long messages,
    Pass last,
    Optional<String> datapath) {

  /** One pass: when it ended, what it wrote, its processor time. */
  record Pass(String at, long puts, long deletes, long cpuMillis) {

    boolean idle() {
      return puts == 0 && deletes == 0;
    }
  }

  /** Empty until the file is there and tells of a pass. */
  static Optional<Status> read(Path file) {
    try {
      return of(Json.parse(Files.readString(file)));
    } catch (IOException notYet) {
      return Optional.empty();
    }
  }

  static Optional<Status> of(Json document) {
    List<Json> peers = items(document, "peers");
    int programmed =
        (int)
            peers.stream()
                .filter(peer -> at(peer, "programmed").equals(Optional.of(new Json.Bool(true))))
                .count();
    return at(document, "network", "lastPass")
        .map(pass ->
            new Status(
                peers.size(),
                programmed,
                number(document, "network", "totals", "cpuMilliseconds"),
                number(document, "network", "totals", "messages"),
                new Pass(
                    text(pass, "at"),
                    number(pass, "put"),
                    number(pass, "deleted"),
                    number(pass, "cpuMilliseconds")),
                at(document, "tunnel").map(tunnel -> text(tunnel, "datapath"))));
  }

  private static Optional<Json> at(Json document, String... names) {
    Optional<Json> found = Optional.of(document);
    for (String name : names) {
      found = found.flatMap(json -> json instanceof Json.Obj object ? object.member(name) : none());
    }
    return found;
  }

  private static Optional<Json> none() {
    return Optional.empty();
  }

  private static List<Json> items(Json document, String name) {
    return at(document, name).orElseThrow() instanceof Json.Arr array ? array.items() : List.of();
  }

  private static long number(Json document, String... names) {
    return at(document, names).orElseThrow() instanceof Json.Num number
        ? Long.parseLong(number.literal())
        : -1;
  }

  private static String text(Json document, String name) {
    return at(document, name).orElseThrow() instanceof Json.Str text ? text.value() : "";
  }
}
