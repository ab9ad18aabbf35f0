// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.store.Pace;
import io.jflannel.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/**
 * The node's condition NetworkUnavailable: set to False once the network is up, at each start
 * (KUB-11), and again if somebody changed it or the node was created anew. Tried until it succeeds
 * (ODD-29). Never set to True. One thread's.
 */
final class NetworkCondition {

  private static final System.Logger LOG = System.getLogger(KubernetesStore.class.getName());
  private static final String REASON = "FlannelIsUp";
  private static final Backoff PAUSES = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));

  /** Clouds have controllers that set it to True for reasons of their own. */
  private static final Backoff REPAIRS = new Backoff(Duration.ofSeconds(2), Duration.ofMinutes(10));

  private final Api api;
  private final boolean enabled;
  private final Pace pace;
  private final RateLimitedLog problems;

  private boolean wanted;
  private boolean sent;
  private Optional<NodeFacts> unanswered = Optional.empty();
  private long notBefore;
  private Backoff pause = PAUSES;
  private Repairs repairs;

  NetworkCondition(Api api, boolean enabled, Pace pace) {
    this.api = api;
    this.enabled = enabled;
    this.pace = pace;
    this.problems = new RateLimitedLog(LOG, pace::now);
    this.notBefore = pace.now();
    this.repairs = Repairs.from(REPAIRS, notBefore);
  }

  /** The network is up. */
  void want() {
    wanted = enabled;
  }

  /** When {@link #act} should be called, on the monotonic clock. */
  Optional<Long> due(NodeFacts node) {
    return wanted && (!sent || !isFalse(node)) ? Optional.of(notBefore) : Optional.empty();
  }

  /** A slow admission webhook: nobody waited for the answer, but the patch was applied. */
  private static boolean cameThrough(NodeFacts before, NodeFacts node) {
    return node.uid().equals(before.uid())
        && node.version() > before.version()
        && isFalse(node)
        && node.networkUnavailable().filter(now -> now.reason().equals(REASON)).isPresent();
  }

  private static boolean isFalse(NodeFacts node) {
    return node.networkUnavailable().filter(now -> now.status().equals("False")).isPresent();
  }

  /** Patches the node if that is due; the answer is the node as it is then. */
  Optional<NodeFacts> act(NodeFacts node) throws InterruptedException {
    if (unanswered.filter(before -> cameThrough(before, node)).isPresent()) {
      succeeded();
    }
    if (due(node).filter(at -> pace.now() - at >= 0).isEmpty()) {
      return Optional.empty();
    }
    try {
      NodeFacts answer = api.patchStatus(node.name(), patch(node, pace.wall().instant()));
      repairs = sent ? repairs.made(pace.now()) : repairs;
      notBefore = sent ? repairs.due() : pace.now();
      succeeded();
      return Optional.of(answer);
    } catch (ApiException e) {
      problems.failed(
          "condition", "cannot set the node's condition NetworkUnavailable: " + e.getMessage());
      unanswered = e.status() <= ApiException.NO_ANSWER ? Optional.of(node) : Optional.empty();
      notBefore = e.notBefore(pace, pause);
      pause = pause.next();
      return Optional.empty();
    }
  }

  private void succeeded() {
    problems.recovered("condition", "set the condition NetworkUnavailable");
    sent = true;
    unanswered = Optional.empty();
    pause = PAUSES;
  }

  /** The time of the last change stays if there is none (ODD-70). */
  static String patch(NodeFacts node, Instant clock) {
    String now = clock.truncatedTo(ChronoUnit.SECONDS).toString();
    String since =
        node.networkUnavailable()
            .filter(condition -> condition.status().equals("False"))
            .map(NodeFacts.Condition::lastTransition)
            .filter(text -> !text.isEmpty())
            .orElse(now);
    Json.Obj condition =
        new Json.Obj(
            List.of(
                member("type", "NetworkUnavailable"),
                member("status", "False"),
                member("lastHeartbeatTime", now),
                member("lastTransitionTime", since),
                member("reason", REASON),
                member("message", "Flannel is running on this node")));
    Json.Obj status =
        new Json.Obj(
            List.of(new Json.Member("conditions", new Json.Arr(List.<Json>of(condition)))));
    return new Json.Obj(List.of(new Json.Member("status", status))).text();
  }

  private static Json.Member member(String name, String value) {
    return new Json.Member(name, new Json.Str(value));
  }
}
