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
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Asks an engine only when the kernel cannot tell that nothing has changed since the rules were
 * found right. Owned by one thread.
 */
final class Guard {

  private static final Duration AGAIN = Duration.ofMinutes(1);

  /** Where the kernel does not count what is written, it may have been changed by others since. */
  private static final Duration SOON = Duration.ofSeconds(15);

  /** After so long a look is told of before its end. */
  private static final Duration SLOW = Duration.ofSeconds(2);

  private static final String DENIED =
      "programs show them, but the kernel has no such chain, or no way to it: are -save and"
          + " -restore of the same iptables?";

  private final Engine engine;
  private final Eye eye;
  private final Echo echo;
  private final LongSupplier clock;
  private final Map<Family, Memory> memories = new EnumMap<>(Family.class);
  private final BiConsumer<Family, Boolean> overdue;

  /** What came of a look. */
  private sealed interface Memory {

    Map<Part, List<Rule>> wanted();

    /** What was seen then. */
    Sight sight();

    default boolean isOf(Map<Part, List<Rule>> rules, Optional<Sight> now) {
      return wanted().equals(rules) && now.equals(Optional.of(sight()));
    }
  }

  /** The rules were right. */
  private record Verified(
      Map<Part, List<Rule>> wanted, Sight sight, int generation, List<String> notes)
      implements Memory {}

  /**
   * They were written, which did not show. The same again would pile up.
   *
   * @param until when it may be tried again, of the clock; empty if the kernel has the rules, so
   *     that only the program is to be mended
   */
  private record InVain(Map<Part, List<Rule>> wanted, Sight sight, Optional<Long> until)
      implements Memory {

    boolean holds(long nanoTime) {
      return until.filter(end -> nanoTime - end >= 0).isEmpty();
    }
  }

  /**
   * @param clock in nanoseconds, as {@link System#nanoTime}
   * @param overdue is told, on another thread, that programs take long, and whether the rules are
   *     known to have been changed since they were right
   */
  Guard(
      Engine engine, Eye eye, Echo echo, LongSupplier clock, BiConsumer<Family, Boolean> overdue) {
    this.engine = engine;
    this.eye = eye;
    this.echo = echo;
    this.clock = clock;
    this.overdue = overdue;
  }

  /**
   * As {@link Engine#converge}, and reads again what was written. What is not right then is not
   * written again: it is no drift but a quarrel, or a program that we do not understand.
   */
  Outcome converge(Family family, Map<Part, List<Rule>> wanted) throws InterruptedException {
    try {
      Optional<Outcome> unchanged = unchanged(family, wanted);
      return unchanged.isPresent() ? unchanged.get() : checked(family, wanted);
    } catch (LinuxException e) {
      memories.remove(family);
      return Outcome.failed(
          wanted.keySet(),
          new FirewallException("the kernel does not tell its rules: " + e.getMessage()));
    } catch (FirewallException e) {
      memories.remove(family);
      return Outcome.failed(wanted.keySet(), e);
    }
  }

  private Outcome checked(Family family, Map<Part, List<Rule>> wanted) throws InterruptedException {
    Optional<Sight> now = eye.sight(engine.interest(family));
    Memory before = memories.remove(family);
    boolean changed =
        before instanceof Verified && now.isPresent() && !before.isOf(before.wanted(), now);
    try (Overdue _ = Overdue.after(SLOW, () -> overdue.accept(family, changed))) {
      return asked(family, wanted, now, Optional.ofNullable(before));
    }
  }

  private Outcome asked(
      Family family, Map<Part, List<Rule>> wanted, Optional<Sight> now, Optional<Memory> before)
      throws InterruptedException {
    if (before.orElse(null) instanceof InVain inVain
        && inVain.isOf(wanted, now)
        && inVain.holds(clock.getAsLong())) {
      Outcome told = look(family, wanted, Doing.TELL);
      memories.putIfAbsent(family, inVain); // unless they are right now
      return readBack(Outcome.NOTHING, told, FirewallException::new);
    }
    int generation = eye.generation();
    Outcome first = look(family, wanted, Doing.WRITE);
    if (first.written().isEmpty() || !first.problems().isEmpty()) {
      return first;
    }
    Outcome second = look(family, wanted, Doing.TELL);
    boolean onlyWe = eye.generation() - generation <= first.transactions();
    if (!second.written().isEmpty() && onlyWe && inVain(family, wanted, now)) {
      return readBack(first, second, FirewallException::new);
    }
    return readBack(first, second, FirewallException::undone);
  }

  private static Outcome readBack(
      Outcome first, Outcome second, Function<String, FirewallException> problem) {
    return new Outcome(
        first.written(),
        first.transactions(),
        second.written().isEmpty()
            ? second.problems()
            : Outcome.failed(
                    second.written(),
                    problem.apply("they were gone or changed when they were read back"))
                .problems(),
        second.notes());
  }

  /** Unless others have undone it, what was written went elsewhere or is hidden: notes that. */
  private boolean inVain(Family family, Map<Part, List<Rule>> wanted, Optional<Sight> before) {
    Optional<Sight> now = eye.sight(engine.interest(family));
    if (now.isEmpty()) {
      return false;
    }
    boolean visible = wanted.keySet().stream().anyMatch(p -> engine.chain(family, p).isPresent());
    boolean there = visible && denied(family, wanted, now.get()).isEmpty();
    boolean changed = !now.equals(before);
    if (!there && visible == changed) {
      return false;
    }
    Duration pause = visible ? AGAIN : SOON;
    Optional<Long> until =
        there ? Optional.empty() : Optional.of(clock.getAsLong() + pause.toNanos());
    memories.put(family, new InVain(wanted, now.get(), until));
    return true;
  }

  private Outcome look(Family family, Map<Part, List<Rule>> wanted, Doing doing)
      throws InterruptedException {
    Interest interest = engine.interest(family);
    int generation = eye.generation();
    echo.saw(family, generation);
    Optional<Sight> before = eye.sight(interest);
    Outcome outcome = engine.converge(family, wanted, doing);
    if (outcome.written().isEmpty()
        && outcome.problems().isEmpty()
        && before.isPresent()
        && before.equals(eye.sight(interest))) {
      Set<Part> denied = denied(family, wanted, before.get());
      if (!denied.isEmpty()) {
        return Outcome.failed(denied, new FirewallException(DENIED));
      }
      memories.put(family, new Verified(wanted, before.get(), generation, outcome.notes()));
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
    if (!(memories.get(family) instanceof Verified last) || !last.wanted().equals(wanted)) {
      return Optional.empty();
    }
    Interest interest = engine.interest(family);
    int generation = eye.generation();
    if (generation != last.generation() || !interest.legacy().isEmpty()) {
      if (!last.isOf(wanted, eye.sight(interest))) {
        return Optional.empty();
      }
      memories.put(family, new Verified(wanted, last.sight(), generation, last.notes()));
      echo.saw(family, generation);
    }
    return Optional.of(new Outcome(List.of(), 0, Map.of(), last.notes()));
  }

  /** Notes that all families were converged; see {@link Echo#settle}. */
  void settle() {
    echo.settle(family ->
        memories.get(family) instanceof Verified last
            && unchanged(family, last.wanted()).isPresent());
  }
}
