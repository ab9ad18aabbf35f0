// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.linux.LinuxException;
import io.jflannel.net.Family;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Asks an engine only when the kernel cannot tell that nothing has changed since the rules were
 * found right.
 */
final class Guard {

  /** A write that is undone at once is no repair but a quarrel; it goes on at the next look. */
  private static final int ATTEMPTS = 3;

  private final Engine engine;
  private final LoadedTables tables;
  private final Map<Family, Verified> verified = new EnumMap<>(Family.class);

  Guard(Engine engine, LoadedTables tables) {
    this.engine = engine;
    this.tables = tables;
  }

  /** What was looked at when the rules were found right. */
  private record Verified(
      Map<Part, List<Rule>> wanted, int generation, Sight sight, List<String> notes) {}

  /** As {@link Engine#converge}, and reads again what was written. */
  Outcome converge(Family family, Map<Part, List<Rule>> wanted) throws InterruptedException {
    try {
      return checked(family, wanted);
    } catch (LinuxException e) {
      verified.remove(family);
      return Outcome.failed(
          wanted.keySet(),
          new FirewallException("the kernel does not tell its rules: " + e.getMessage()));
    }
  }

  private Outcome checked(Family family, Map<Part, List<Rule>> wanted) throws InterruptedException {
    Interest interest = engine.interest(family);
    Optional<Outcome> unchanged = unchanged(family, wanted, interest);
    if (unchanged.isPresent()) {
      return unchanged.get();
    }
    verified.remove(family);
    EnumSet<Part> written = EnumSet.noneOf(Part.class);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int generation = tables.generation();
      Optional<Sight> before = tables.sight(interest);
      Outcome outcome = engine.converge(family, wanted, Doing.WRITE);
      written.addAll(outcome.written());
      if (outcome.written().isEmpty() || !outcome.problems().isEmpty()) {
        if (outcome.problems().isEmpty() && before.equals(tables.sight(interest))) {
          before.ifPresent(sight ->
              verified.put(family, new Verified(wanted, generation, sight, outcome.notes())));
        }
        return new Outcome(List.copyOf(written), outcome.problems(), outcome.notes());
      }
    }
    return new Outcome(
        List.copyOf(written),
        Outcome.failed(
                written,
                new FirewallException(
                    "they were gone or changed when they were read back, %d times"
                        .formatted(ATTEMPTS)))
            .problems(),
        List.of());
  }

  private Optional<Outcome> unchanged(
      Family family, Map<Part, List<Rule>> wanted, Interest interest) {
    Verified last = verified.get(family);
    if (last == null || !last.wanted().equals(wanted)) {
      return Optional.empty();
    }
    int generation = tables.generation();
    if (generation != last.generation() || !interest.legacy().isEmpty()) {
      if (!tables.sight(interest).equals(Optional.of(last.sight()))) {
        return Optional.empty();
      }
      verified.put(family, new Verified(wanted, generation, last.sight(), last.notes()));
    }
    return Optional.of(new Outcome(List.of(), Map.of(), last.notes()));
  }
}
