// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.Options.OnLeaseLost;
import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseFold;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.store.LeaseLostException;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.Pace;
import io.jflannel.flanneld.store.kubernetes.OwnNode.Verdict;
import io.jflannel.json.Json;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Keeps the annotations of the own node as they should be, also when somebody alters them, deletes
 * the node or creates it anew (ODD-67). The only writer of them. One thread's.
 */
final class OwnNodeKeeper {

  private static final System.Logger LOG = System.getLogger(KubernetesStore.class.getName());

  private static final Backoff REPAIRS = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));

  private final Api api;
  private final NetworkConfig config;
  private final OnLeaseLost onLost;
  private final String name;
  private final OwnNode decider;
  private final NetworkCondition condition;
  private final Pace pace;
  private final RateLimitedLog problems;

  private Optional<OwnAttributes> wanted = Optional.empty();
  private Optional<NodeFacts> node = Optional.empty();
  private boolean asked = true;
  private long notBefore;
  private Repairs repairs;
  private Backoff retries;

  private Optional<Lease> held = Optional.empty();
  private Optional<String> trouble;
  private Optional<String> moved = Optional.empty();

  OwnNodeKeeper(
      Api api,
      AnnotationKeys keys,
      LeaseStore.Request request,
      String name,
      boolean setsCondition,
      Pace pace) {
    this.api = api;
    this.config = request.config();
    this.onLost = request.onLost();
    this.name = name;
    this.decider = new OwnNode(config, keys);
    this.condition = new NetworkCondition(api, setsCondition, pace);
    this.pace = pace;
    this.problems = new RateLimitedLog(LOG, pace::now);
    this.retries = pace.relist();
    this.notBefore = pace.now();
    this.repairs = Repairs.from(REPAIRS, notBefore);
    this.trouble = Optional.of("looking for node " + name);
  }

  boolean isOwn(NodeFacts facts) {
    return facts.name().equals(name);
  }

  /** What the store says of our node now; empty if it has none. */
  void list(Optional<NodeFacts> listed) {
    node = listed;
    asked = true;
  }

  /** Takes a change over, unless our own patch has brought something newer. */
  void see(NodeFacts newer) {
    if (node.filter(known -> isOlder(newer, known)).isEmpty()) {
      node = Optional.of(newer);
      asked = true;
    }
  }

  private static boolean isOlder(NodeFacts one, NodeFacts other) {
    return one.uid().equals(other.uid()) && one.version() < other.version();
  }

  void gone(NodeFacts last) {
    if (node.filter(known -> known.uid().equals(last.uid())).isPresent()) {
      node = Optional.empty();
      asked = true;
    }
  }

  void want(OwnAttributes attributes) {
    wanted = Optional.of(attributes);
    asked = true;
  }

  void networkIsUp() {
    condition.want();
  }

  /** Whether it is known what to publish. */
  boolean hasAttributes() {
    return wanted.isPresent();
  }

  /** When {@link #act} should be called, on the monotonic clock. */
  Optional<Long> due() {
    Optional<Long> lease = asked && wanted.isPresent() ? Optional.of(notBefore) : Optional.empty();
    Optional<Long> patch = node.flatMap(condition::due);
    return lease.isEmpty() || patch.filter(at -> at - lease.get() < 0).isPresent() ? patch : lease;
  }

  /** Does what is due. */
  void act() throws InterruptedException {
    if (asked && wanted.isPresent() && pace.now() - notBefore >= 0) {
      asked = false;
      judge(wanted.get());
    }
    if (node.isPresent()) {
      condition.act(node.get()).ifPresent(this::see);
    }
  }

  private void judge(OwnAttributes attributes) throws InterruptedException {
    if (node.isEmpty()) {
      troubled(
          "node %s is not registered in the cluster%s"
              .formatted(name, held.isPresent() ? " any more: peers drop their routes to it" : ""));
      return;
    }
    switch (decider.judge(node.get(), attributes)) {
      case Verdict.Wait(String reason) -> troubled(reason);
      case Verdict.Publish(Lease lease, SortedMap<String, String> changes) ->
          publish(node.get(), lease, changes);
    }
  }

  private void publish(NodeFacts facts, Lease lease, SortedMap<String, String> changes)
      throws InterruptedException {
    if (!changes.isEmpty()) {
      try {
        see(api.patchStatus(facts.name(), patch(changes)));
      } catch (ApiException e) {
        asked = true;
        notBefore = e.notBefore(pace, retries);
        retries = retries.next();
        troubled("the annotations of node %s cannot be set: %s".formatted(name, e.getMessage()));
        return;
      }
      asked = true; // looks at what came out of it
      repairs = repairs.made(pace.now());
      notBefore = repairs.due();
      LOG.log(Level.INFO, "set on node {0}: {1}", name, String.join(", ", changes.keySet()));
    }
    retries = pace.relist();
    hold(lease);
  }

  static String patch(SortedMap<String, String> annotations) {
    List<Json.Member> members =
        annotations.entrySet().stream()
            .map(entry -> new Json.Member(entry.getKey(), new Json.Str(entry.getValue())))
            .toList();
    return object("metadata", object("annotations", new Json.Obj(members))).text();
  }

  private static Json.Obj object(String name, Json value) {
    return new Json.Obj(List.of(new Json.Member(name, value)));
  }

  private void hold(Lease lease) {
    Optional<Subnets> before = held.map(Lease::subnets);
    if (before.filter(subnets -> !subnets.equals(lease.subnets())).isPresent()) {
      String text =
          "pod CIDR of node %s changed from %s to %s"
              .formatted(name, before.get(), lease.subnets());
      if (onLost == OnLeaseLost.EXIT) {
        throw new LeaseLostException(text);
      }
      moved = Optional.of(text + ": restart pods");
      LOG.log(Level.WARNING, moved.get());
    }
    held = Optional.of(lease);
    trouble = Optional.empty();
    problems.recovered("own", "node %s is published".formatted(name));
  }

  private void troubled(String reason) {
    trouble = Optional.of(reason);
    problems.failed("own", reason);
  }

  /**
   * The own lease for the view.
   *
   * @param twin that another node publishes our address, if so (P19)
   */
  OwnLease view(Optional<String> twin) {
    return held.isEmpty()
        ? new OwnLease.Waiting(trouble.orElse(""))
        : new OwnLease.Held(held.get(), Optional.empty(), twin.or(() -> trouble).or(() -> moved));
  }

  /** What the leases of others are judged by. */
  LeaseFold.Rules rules() {
    return new LeaseFold.Rules(
        config,
        held.map(Lease::attributes).orElseGet(this::attributes),
        Optional.of(name),
        held.map(Lease::subnets));
  }

  /** For the time before {@link #want}: never asked then. */
  private LeaseAttributes attributes() {
    return wanted.orElseThrow().given(Optional.empty());
  }
}
