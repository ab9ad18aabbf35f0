// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.net.Cidr;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One rule of a chain of ours.
 *
 * @param marked whether only packets with kube-proxy's mark are meant
 * @param source where they come from; absent: anywhere
 * @param destination where they go; absent: anywhere
 */
public record Rule(
    boolean marked, Optional<Side> source, Optional<Side> destination, Verdict verdict) {

  /** The bit by which kube-proxy says that it masquerades a packet itself. */
  public static final int MARK = 0x4000;

  /**
   * One end of a packet's way.
   *
   * @param except whether all but these addresses are meant
   */
  public record Side(Cidr addresses, boolean except) {}

  /** What becomes of a packet that the rule is about. */
  public enum Verdict {
    RETURN,
    ACCEPT,
    MASQUERADE,
    /** With source ports chosen at random: no two connections race for one. */
    MASQUERADE_FULLY_RANDOM;

    Verdict withoutRandomPorts() {
      return this == MASQUERADE_FULLY_RANDOM ? MASQUERADE : this;
    }
  }

  static Rule marked(Verdict verdict) {
    return new Rule(true, Optional.empty(), Optional.empty(), verdict);
  }

  static Rule of(Side source, Side destination, Verdict verdict) {
    return new Rule(false, Optional.of(source), Optional.of(destination), verdict);
  }

  static Rule from(Cidr source, Verdict verdict) {
    return new Rule(false, Optional.of(only(source)), Optional.empty(), verdict);
  }

  static Rule to(Cidr destination, Verdict verdict) {
    return new Rule(false, Optional.empty(), Optional.of(only(destination)), verdict);
  }

  static Side only(Cidr addresses) {
    return new Side(addresses, false);
  }

  static Side except(Cidr addresses) {
    return new Side(addresses, true);
  }

  /** The same for a kernel, or an iptables, that cannot choose ports at random. */
  public Rule withoutRandomPorts() {
    return new Rule(marked, source, destination, verdict.withoutRandomPorts());
  }

  /** The unicast addresses that the rule names. */
  Stream<Cidr> addresses() {
    return Stream.of(source, destination)
        .flatMap(Optional::stream)
        .map(Side::addresses)
        .filter(cidr -> !cidr.ip().isMulticast());
  }
}
