// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.net.Cidr;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * What a rule matches and does. Two readings of an unchanged rule are equal, whatever its counters
 * have counted, and so is the same rule added anew by the same program: the values of {@code
 * counter}, {@code last} and {@code quota}, handles and positions are left out; comments are kept.
 *
 * <p>The elements of sets are no part of it, only their names: rules that differ in an anonymous
 * set may be equal, and the kernel may name the set of a rule added anew differently.
 */
public final class RuleBody {

  private final byte[] normal;
  private final Optional<Verdict> verdict;
  private final Optional<String> target;
  private final Optional<String> comment;
  private final boolean matchesEverything;
  private final boolean rejects;
  private final List<Cidr> addresses;

  RuleBody(
      byte[] normal,
      Optional<Verdict> verdict,
      Optional<String> target,
      Optional<String> comment,
      boolean matchesEverything,
      boolean rejects,
      List<Cidr> addresses) {
    this.normal = normal;
    this.verdict = verdict;
    this.target = target;
    this.comment = comment;
    this.matchesEverything = matchesEverything;
    this.rejects = rejects;
    this.addresses = List.copyOf(addresses);
  }

  /** The first verdict, as {@code accept}, {@code drop} and {@code jump} are. */
  public Optional<Verdict> verdict() {
    return verdict;
  }

  /** The target of iptables' own kind, as {@code MASQUERADE}; jumps and ACCEPT are verdicts. */
  public Optional<String> target() {
    return target;
  }

  /** The comment, given to {@code nft} or by {@code -m comment}. */
  public Optional<String> comment() {
    return comment;
  }

  /**
   * Whether nothing before the verdict, target or statement sorts packets out: only counters, logs
   * and comments. False also for a harmless statement that this class does not know.
   */
  public boolean matchesEverything() {
    return matchesEverything;
  }

  /** Whether it refuses packets with an answer: {@code reject}, {@code -j REJECT}. */
  public boolean rejects() {
    return rejects;
  }

  /**
   * Whether no packet gets past it, as it has one of these targets and no condition.
   *
   * @param targets as iptables names them: {@code DROP}, {@code REJECT}, {@code MASQUERADE}
   */
  public boolean endsAll(Collection<String> targets) {
    return matchesEverything
        && (verdict.filter(what -> targets.contains(what.code().name())).isPresent()
            || target.filter(targets::contains).isPresent()
            || (rejects && targets.contains("REJECT")));
  }

  /**
   * The source and destination addresses that it compares packets with, in order, whether they
   * shall be equal or not. Those in sets and ranges are not among them.
   */
  public List<Cidr> addresses() {
    return addresses;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RuleBody body && Arrays.equals(normal, body.normal);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(normal);
  }

  /** For people: what it does, not what it matches. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(matchesEverything ? "all:" : "some:");
    verdict.ifPresent(what -> text.append(' ').append(what));
    target.ifPresent(what -> text.append(' ').append(what));
    if (rejects && target.isEmpty()) {
      text.append(" reject");
    }
    comment.ifPresent(what -> text.append(" \"").append(what).append('"'));
    return text.toString();
  }
}
