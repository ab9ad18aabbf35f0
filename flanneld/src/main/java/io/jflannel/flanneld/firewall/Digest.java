// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.linux.netfilter.Rule;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Collector;

/** A digest of rules in order, which takes no memory however many they are. */
final class Digest {

  private final MessageDigest sum;
  private long count;

  private Digest() {
    try {
      sum = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  static Collector<Rule, Digest, Digest> collector() {
    return Collector.of(
        Digest::new,
        Digest::add,
        (first, second) -> {
          throw new IllegalStateException("rules come in order");
        });
  }

  private void add(Rule rule) {
    rule.body().digest(sum);
    count++;
  }

  long count() {
    return count;
  }

  /** Call it once, at the end. */
  String text() {
    return HexFormat.of().formatHex(sum.digest());
  }
}
