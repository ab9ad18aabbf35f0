// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A status document as people like to read it. */
public final class StatusText {

  /** Of the refused keys; all are counted. */
  private static final int SHOWN_REFUSALS = 20;

  private final Json.Obj document;

  private StatusText(Json.Obj document) {
    this.document = document;
  }

  /**
   * Reads what {@link StatusDocument} wrote.
   *
   * @throws JsonException if it is something else
   */
  public static StatusText of(Json json) {
    if (json instanceof Json.Obj document && document.member("pid").isPresent()) {
      return new StatusText(document);
    }
    throw new JsonException("an object with a member \"pid\" was expected");
  }

  public boolean ready() {
    return document.member("ready").equals(Optional.of(new Json.Bool(true)));
  }

  /** The daemon's process. */
  public long pid() {
    try {
      return Long.parseLong(word(document, "pid"));
    } catch (NumberFormatException e) {
      throw new JsonException("\"pid\" is no number");
    }
  }

  /**
   * One fact a line, then the peers that have a problem.
   *
   * @param running whether the process lives
   */
  public String text(Instant now, boolean running) {
    List<String> lines = new ArrayList<>();
    lines.add(
        line(
            "daemon",
            "%s, version %s, pid %d"
                .formatted(running ? "running" : "NOT RUNNING", word(document, "version"), pid())));
    if (!running) {
      lines.add(line("", "what follows is what it wrote last, at " + word(document, "written")));
    }
    lines.add(line("ready", !ready() ? "no" : running ? "yes" : "no: it was, but it does not run"));
    words(document, "reasons").forEach(reason -> lines.add(line("", "- " + reason)));
    document.member("restartNeeded").ifPresent(r -> lines.add(line("restart", plain(r))));
    lines.add(line("lease", lease(object(document, "lease"), now)));
    lines.add(line("store", store(object(document, "store"))));
    lines.add(line("interface", external(object(document, "interface"))));
    lines.add(line("subnet file", file(object(document, "subnetFile"))));
    document
        .member("cniConfiguration")
        .ifPresent(cni -> lines.add(line("CNI file", file(object(cni)))));
    document.member("tunnel").ifPresent(tunnel -> tunnel(object(tunnel), lines));
    network(object(document, "network"), lines);
    traffic(object(document, "traffic"), lines);
    peers(lines);
    refused(lines);
    return String.join("\n", lines) + "\n";
  }

  private static String line(String name, String value) {
    return "%-12s %s".formatted(name, printable(value)).stripTrailing();
  }

  /** Keys and values of others end up here: a terminal must not obey them. */
  private static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c)) {
        out.append("\\x%02x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static String lease(Json.Obj lease, Instant now) {
    if (!word(lease, "state").equals("held")) {
      return "waiting: " + word(lease, "reason");
    }
    String left =
        lease
            .member("expires")
            .map(expires -> ", expires in " + until(plain(expires), now))
            .orElse(", does not expire");
    return both(lease, "subnet", "ipv6Subnet") + left;
  }

  private static String until(String instant, Instant now) {
    try {
      Duration left = Duration.between(now, Instant.parse(instant));
      return left.isNegative()
          ? "the past"
          : "%d h %02d min".formatted(left.toHours(), left.toMinutesPart());
    } catch (DateTimeParseException e) {
      throw new JsonException("\"" + instant + "\" is no time");
    }
  }

  private static String store(Json.Obj store) {
    String contact =
        store
            .member("connected")
            .map(c -> c.equals(new Json.Bool(true)) ? "connected" : "LOST")
            .orElse("not asked yet");
    String detail = word(store, "detail");
    return "%s, %s%s%s"
        .formatted(
            word(store, "description"),
            contact,
            store.member("since").map(since -> " since " + plain(since)).orElse(""),
            detail.isEmpty() ? "" : ": " + detail);
  }

  private static String external(Json.Obj external) {
    return external.members().isEmpty()
        ? "not chosen yet"
        : "%s, MTU %s, %s, announced as %s"
            .formatted(
                word(external, "name"),
                word(external, "mtu"),
                both(external, "address", "ipv6Address"),
                both(external, "publicIp", "publicIpv6"));
  }

  private static String file(Json.Obj file) {
    String reason = word(file, "reason");
    return "%s, %s%s"
        .formatted(word(file, "path"), word(file, "state"), reason.isEmpty() ? "" : ": " + reason);
  }

  private static void tunnel(Json.Obj tunnel, List<String> lines) {
    String drops =
        object(tunnel, "drops").members().stream()
            .map(drop -> ", %s %s".formatted(plain(drop.value()), drop.name().replace('_', ' ')))
            .collect(Collectors.joining());
    lines.add(
        line(
            "tunnel",
            "%s, data path %s; packets: %s%s"
                .formatted(
                    word(tunnel, "device"), word(tunnel, "datapath"), carried(tunnel), drops)));
    tunnel
        .member("kernel")
        .ifPresent(
            kernel -> lines.add(line("", "by the kernel alone: " + carried(object(kernel)))));
    words(tunnel, "fallbacks").forEach(reason -> lines.add(line("", "- " + reason)));
  }

  private static String carried(Json.Obj path) {
    return "%s sent, %s received"
        .formatted(
            word(object(path, "sent"), "packets"), word(object(path, "received"), "packets"));
  }

  private static void network(Json.Obj network, List<String> lines) {
    if (network.members().isEmpty()) {
      lines.add(line("network", "not programmed yet"));
      return;
    }
    Json.Obj pass = object(network, "lastPass");
    lines.add(
        line(
            "network",
            "last change at %s: %s put, %s deleted in %s ms; %s repairs since the start"
                .formatted(
                    word(pass, "at"),
                    word(pass, "put"),
                    word(pass, "deleted"),
                    word(pass, "milliseconds"),
                    word(network, "repairs"))));
    words(network, "problems").forEach(problem -> lines.add(line("", "- " + problem)));
    words(network, "opponents").forEach(opponent -> lines.add(line("", "- " + opponent)));
  }

  private static void traffic(Json.Obj traffic, List<String> lines) {
    if (traffic.members().isEmpty()) {
      lines.add(line("rules", "not looked at yet"));
      return;
    }
    List<String> problems = words(traffic, "problems");
    lines.add(
        line(
            "rules",
            "%s, %s; %s repairs since the start"
                .formatted(
                    word(traffic, "engine"),
                    problems.isEmpty() ? "as wanted" : "NOT as wanted",
                    word(traffic, "repairs"))));
    problems.forEach(problem -> lines.add(line("", "- " + problem)));
    words(traffic, "notes").forEach(note -> lines.add(line("", "- " + note)));
    words(traffic, "opponents").forEach(opponent -> lines.add(line("", "- " + opponent)));
  }

  private void peers(List<String> lines) {
    List<Json.Obj> peers = objects(document, "peers");
    List<Json.Obj> missing =
        peers.stream()
            .filter(peer -> !peer.member("programmed").equals(Optional.of(new Json.Bool(true))))
            .toList();
    lines.add(
        line(
            "peers",
            "%d wanted, %d programmed".formatted(peers.size(), peers.size() - missing.size())));
    for (Json.Obj peer : missing) {
      String reason = word(peer, "reason");
      lines.add(
          line(
              "",
              "- %s via %s: %s"
                  .formatted(
                      both(peer, "subnet", "ipv6Subnet"),
                      both(peer, "publicIp", "publicIpv6"),
                      reason.isEmpty() ? "not yet" : reason)));
    }
  }

  private void refused(List<String> lines) {
    List<Json.Obj> refused = objects(document, "refused");
    if (!refused.isEmpty()) {
      String count = word(document, "refusedCount");
      lines.add(line("refused", (count.isEmpty() ? refused.size() : count) + " keys"));
      refused.stream()
          .limit(SHOWN_REFUSALS)
          .forEach(
              key -> lines.add(line("", "- " + word(key, "key") + ": " + word(key, "reason"))));
      if (refused.size() > SHOWN_REFUSALS) {
        lines.add(line("", "- ... (jflannel status --json shows up to 1,000)"));
      }
    }
  }

  private static String both(Json.Obj object, String first, String second) {
    return List.of(word(object, first), word(object, second)).stream()
        .filter(word -> !word.isEmpty())
        .collect(Collectors.joining(" "));
  }

  private static String word(Json.Obj object, String name) {
    return object.member(name).map(StatusText::plain).orElse("");
  }

  private static String plain(Json json) {
    return json instanceof Json.Str string ? string.value() : json.text();
  }

  private static List<String> words(Json.Obj object, String name) {
    return items(object, name).stream().map(StatusText::plain).toList();
  }

  private static List<Json.Obj> objects(Json.Obj object, String name) {
    return items(object, name).stream().map(StatusText::object).toList();
  }

  private static List<Json> items(Json.Obj object, String name) {
    return object
        .member(name)
        .map(value -> value instanceof Json.Arr array ? array.items() : List.of(value))
        .orElse(List.of());
  }

  private static Json.Obj object(Json.Obj parent, String name) {
    return parent.member(name).map(StatusText::object).orElse(new Json.Obj(List.of()));
  }

  private static Json.Obj object(Json json) {
    if (json instanceof Json.Obj object) {
      return object;
    }
    throw new JsonException("an object was expected where " + json.text() + " stands");
  }
}
