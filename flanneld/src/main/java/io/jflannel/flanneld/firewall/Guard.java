// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.linux.LinuxException;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Asks an engine only when the kernel cannot tell that nothing has changed since the rules were
 * found right. Owned by one thread.
 */
final class Guard {

  private static final Duration AGAIN = Duration.ofMinutes(1);

  private static final String DENIED =
      "programs show them, but the kernel has no such chain, or no way to it: are -save and"
          + " -restore of the same iptables?";

  private final Engine engine;
  private final LoadedTables tables;

  /** What was seen after a write that did not show: the same again would pile up. */
  private final Map<Family, InVain> inVain = new EnumMap<>(Family.class);

  /**
   * A write that did not show.
   *
   * @param sight what was seen then
   * @param there whether the kernel has the rules all the same
   */
  private record InVain(Sight sight, boolean there, long nanoTime) {

    /** Then the same write would pile up. It is tried again now and then, if nothing came of it. */
    boolean stillHolds(Optional<Sight> now) {
      return now.equals(Optional.of(sight))
          && (there || System.nanoTime() - nanoTime < AGAIN.toNanos());
    }
  }

  private final Map<Family, Verified> verified = new EnumMap<>(Family.class);

  /** The generation in which each was looked at last, right or not. */
  private final Map<Family, Integer> seen = new EnumMap<>(Family.class);

  /** The generation up to which all changes have been looked at, those we made among them. */
  private int looked;

  Guard(Engine engine, LoadedTables tables) {
    this.engine = engine;
    this.tables = tables;
  }

  /** What was looked at when the rules were found right. */
  private record Verified(
      Map<Part, List<Rule>> wanted, int generation, Sight sight, List<String> notes) {}

  /**
   * As {@link Engine#converge}, and reads again what was written. What is not right then is not
   * written again: it is no drift but a quarrel, or a program that we do not understand.
   */
  Outcome converge(Family family, Map<Part, List<Rule>> wanted) throws InterruptedException {
    try {
      Optional<Outcome> unchanged = unchanged(family, wanted);
      return unchanged.isPresent() ? unchanged.get() : checked(family, wanted);
    } catch (LinuxException e) {
      verified.remove(family);
      return Outcome.failed(
          wanted.keySet(),
          new FirewallException("the kernel does not tell its rules: " + e.getMessage()));
    } catch (FirewallException e) {
      verified.remove(family);
      return Outcome.failed(wanted.keySet(), e);
    }
  }

  private Outcome checked(Family family, Map<Part, List<Rule>> wanted) throws InterruptedException {
    verified.remove(family);
    Optional<Sight> now = tables.sight(engine.interest(family));
    Optional<InVain> before = Optional.ofNullable(inVain.remove(family));
    if (before.filter(last -> last.stillHolds(now)).isPresent()) {
      inVain.put(family, before.get());
      return Outcome.failed(wanted.keySet(), notReadBack());
    }
    int generation = tables.generation();
    Outcome first = look(family, wanted, Doing.WRITE);
    if (first.written().isEmpty() || !first.problems().isEmpty()) {
      return first;
    }
    Outcome second = look(family, wanted, Doing.TELL);
    if (!second.written().isEmpty()
        && tables.generation() - generation <= first.written().size()) { // nobody else wrote
      noteInVain(family, wanted, now);
    }
    return new Outcome(
        first.written(),
        second.written().isEmpty()
            ? second.problems()
            : Outcome.failed(second.written(), notReadBack()).problems(),
        second.notes());
  }

  /** Unless others have undone it, what was written went elsewhere or is hidden. */
  private void noteInVain(Family family, Map<Part, List<Rule>> wanted, Optional<Sight> before) {
    tables
        .sight(engine.interest(family))
        .ifPresent(sight -> {
          boolean visible =
              wanted.keySet().stream().anyMatch(p -> engine.chain(family, p).isPresent());
          boolean there = visible && denied(family, wanted, sight).isEmpty();
          boolean changed = !Optional.of(sight).equals(before);
          if (there || visible != changed) {
            inVain.put(family, new InVain(sight, there, System.nanoTime()));
          }
        });
  }

  private static FirewallException notReadBack() {
    return new FirewallException("they were gone or changed when they were read back");
  }

  private Outcome look(Family family, Map<Part, List<Rule>> wanted, Doing doing)
      throws InterruptedException {
    Interest interest = engine.interest(family);
    int generation = tables.generation();
    seen.put(family, generation);
    Optional<Sight> before = tables.sight(interest);
    Outcome outcome = engine.converge(family, wanted, doing);
    if (outcome.written().isEmpty()
        && outcome.problems().isEmpty()
        && before.isPresent()
        && before.equals(tables.sight(interest))) {
      Set<Part> denied = denied(family, wanted, before.get());
      if (!denied.isEmpty()) {
        return Outcome.failed(denied, new FirewallException(DENIED));
      }
      verified.put(family, new Verified(wanted, generation, before.get(), outcome.notes()));
    }
    return outcome;
  }

  /** The parts that the kernel itself does not have, whatever programs say. */
  private Set<Part> denied(Family family, Map<Part, List<Rule>> wanted, Sight sight) {
    Set<Part> denied = EnumSet.noneOf(Part.class);
    wanted.forEach((part, rules) -> {
      if (!rules.isEmpty()
          && engine
              .chain(family, part)
              .filter(chain -> !engine.interest(family).mayBeRight(chain, sight))
              .isPresent()) {
        denied.add(part);
      }
    });
    return denied;
  }

  private Optional<Outcome> unchanged(Family family, Map<Part, List<Rule>> wanted) {
    Interest interest = engine.interest(family);
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

  /**
   * Notes that all families were converged. A family's own writes come after another's look, so
   * that the earlier ones are looked at again, which costs no process.
   */
  void settle() {
    try {
      int generation = tables.generation();
      if (seen.keySet().stream().allMatch(family -> isSeen(family, generation))) {
        looked = generation;
      }
    } catch (LinuxException e) {
      // told when it is converged again
    }
  }

  private boolean isSeen(Family family, int generation) {
    Verified last = verified.get(family);
    return last == null
        ? Objects.equals(seen.get(family), generation)
        : last.generation() == generation || unchanged(family, last.wanted()).isPresent();
  }

  /** Whether nothing has been changed since: what is heard now is an echo. */
  boolean isSettled() {
    try {
      return tables.generation() == looked;
    } catch (LinuxException e) {
      return false;
    }
  }

  /** Whether a change was made since. */
  boolean isNews(int generation) {
    return generation - looked > 0;
  }
}
