// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.net.Family;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a Node object says that matters here; all the rest is skipped while it is read (P17).
 *
 * @param version {@code metadata.resourceVersion}; 0 if it is no number
 * @param created {@code metadata.creationTimestamp}, in seconds since 1970; 0 if it is missing
 * @param podCidrs {@code spec.podCIDRs}, or {@code spec.podCIDR} alone, as written
 * @param annotations flannel's; a value of more than {@link #LONGEST} characters is cut there
 * @param networkUnavailable the condition of this type
 */
record NodeFacts(
    String name,
    String uid,
    long version,
    long created,
    List<String> podCidrs,
    Map<Annotation, String> annotations,
    Optional<Condition> networkUnavailable) {

  /** Twice and more what any backend writes. */
  static final int LONGEST = 1_024;

  NodeFacts {
    podCidrs = List.copyOf(podCidrs);
    annotations = Map.copyOf(annotations);
  }

  /** Versions are numbers that grow (API conventions, since 1.35 officially); 0 for all else. */
  static long version(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /**
   * A condition of a node.
   *
   * @param lastTransition as written
   */
  record Condition(String status, String reason, String lastTransition) {}

  Optional<String> annotation(Annotation annotation) {
    return Optional.ofNullable(annotations.get(annotation));
  }

  /** Whether the node takes part: exactly {@code true} counts. */
  boolean isManaged() {
    return annotation(Annotation.MANAGED).filter("true"::equals).isPresent();
  }

  /** What the administrator has the daemon take for {@code --public-ip}; KUB-12. */
  Optional<String> prescribedIp(Family family) {
    return annotation(Annotation.nodeIp(family)).filter(text -> !text.isEmpty());
  }
}
