// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.flanneld.lease.LeaseFold;
import io.jflannel.flanneld.lease.LeaseFold.Folded;
import io.jflannel.flanneld.lease.Refusal;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.StoreView.Contact;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.store.ConfigWatch;
import io.jflannel.flanneld.store.Pace;
import io.jflannel.flanneld.store.Streak;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The loop of the store's one owner thread: takes over what list and watch tell, lets the own node
 * be kept, and publishes what came out. Of each node only its lease is remembered: a node that
 * loses its annotations, or its pod CIDR, takes its lease along (ODD-27).
 */
final class NodeLoop {

  private static final System.Logger LOG = System.getLogger(KubernetesStore.class.getName());

  /** A burst of events is judged in portions: judging takes at most a fifth of the time. */
  private static final int FOLD_SHARE = 4;

  private final String description;
  private final String configPlace;
  private final NetworkConfig config;
  private final NodeLeases leases;
  private final Pace pace;
  private final BlockingQueue<FeedEvent> events;
  private final Latest<StoreView> views;
  private final OwnNodeKeeper own;
  private final RateLimitedLog problems;
  private final Streak outage;

  private TreeMap<String, Known> nodes = new TreeMap<>();
  private Folded folded = Folded.NONE;
  private Optional<LeaseFold.Rules> judgedBy = Optional.empty();
  private Optional<String> twin = Optional.empty();
  private boolean listed;
  private boolean changed;
  private long highest;
  private long distrustUntil;
  private long foldAt;
  private Contact contact;
  private Optional<String> restartNeeded = Optional.empty();
  private Optional<StoreView> published = Optional.empty();

  /** What is remembered of a node. Of a heartbeat nothing but its number survives. */
  private static final class Known {
    private final Candidate candidate;
    private long version;

    Known(Candidate candidate, long version) {
      this.candidate = candidate;
      this.version = version;
    }
  }

  NodeLoop(
      String description,
      String configPlace,
      NetworkConfig config,
      AnnotationKeys keys,
      Pace pace,
      BlockingQueue<FeedEvent> events,
      Latest<StoreView> views,
      OwnNodeKeeper own) {
    this.description = description;
    this.configPlace = configPlace;
    this.config = config;
    this.leases = new NodeLeases(config, keys);
    this.pace = pace;
    this.events = events;
    this.views = views;
    this.own = own;
    this.problems = new RateLimitedLog(LOG, pace::now);
    this.outage = new Streak(pace);
    this.distrustUntil = pace.now();
    this.foldAt = distrustUntil;
    this.contact = new Contact(false, pace.wall().instant(), "not asked yet");
  }

  /** Until interrupted. */
  void run() throws InterruptedException {
    while (true) {
      takeEvents();
      if (listed) {
        own.act();
      }
      publish();
    }
  }

  private void takeEvents() throws InterruptedException {
    Optional<Long> due = nextDue();
    FeedEvent event =
        due.isPresent()
            ? events.poll(Math.max(0, due.get() - pace.now()), TimeUnit.NANOSECONDS)
            : events.take();
    for (int taken = 1; event != null; taken++) {
      take(event);
      event = taken < KubernetesStore.EVENTS ? events.poll() : null;
    }
  }

  private Optional<Long> nextDue() {
    Optional<Long> next = listed ? own.due() : Optional.empty();
    if (distrustUntil - pace.now() > 0) {
      next = earlier(next, distrustUntil);
    }
    return canFold() ? earlier(next, foldAt) : next;
  }

  private static Optional<Long> earlier(Optional<Long> one, long other) {
    return one.filter(at -> at - other < 0).or(() -> Optional.of(other));
  }

  private void take(FeedEvent event) {
    switch (event) {
      case FeedEvent.Listed(long version, List<NodeFacts> all) -> list(version, all);
      case FeedEvent.Seen(NodeFacts node) -> see(node);
      case FeedEvent.Gone(NodeFacts node) -> {
        changed |= nodes.remove(node.name()) != null;
        if (own.isOwn(node)) {
          own.gone(node);
        }
        highest = Math.max(highest, node.version());
      }
      case FeedEvent.Connected _ -> connected();
      case FeedEvent.Lost(String reason) -> disconnected(reason);
      case FeedEvent.Attributes newer -> own.want(newer.attributes());
      case FeedEvent.NetworkUp _ -> own.networkIsUp();
      case FeedEvent.ConfigText(String text) ->
          needsRestart(
              ConfigWatch.restartNeeded(
                  config, Optional.of(text), NetworkConfigParser::parseNetworks, configPlace));
      case FeedEvent.ConfigUnreadable(String reason) ->
          needsRestart( // KUB-2
              Optional.of(
                  "%s cannot be read, a restart would fail: %s".formatted(configPlace, reason)));
    }
  }

  private void list(long version, List<NodeFacts> all) {
    if (listed && (version < highest || all.stream().anyMatch(this::isOlder))) {
      distrust();
    }
    highest = version;
    TreeMap<String, Known> now = new TreeMap<>();
    Optional<NodeFacts> ours = Optional.empty();
    for (NodeFacts node : all) {
      if (own.isOwn(node)) {
        ours = Optional.of(node);
      }
      leases
          .candidate(node)
          .ifPresent(candidate -> now.put(node.name(), new Known(candidate, node.version())));
    }
    own.list(ours);
    changed |= !listed || !candidates(now).equals(candidates(nodes));
    nodes = now;
    listed = true;
  }

  private static List<Candidate> candidates(Map<String, Known> nodes) {
    return nodes.values().stream().map(known -> known.candidate).toList();
  }

  /**
   * Whether a node is from before what was seen of it. No version is ever given twice, but a store
   * that is restored can be told to go on with higher ones (etcdutl's --bump-revision).
   */
  private boolean isOlder(NodeFacts node) {
    Known known = nodes.get(node.name());
    return known != null && node.version() < known.version;
  }

  /** A store that is older than what was seen was restored: owners register again (ODD-62). */
  private void distrust() {
    distrustUntil = pace.now() + pace.distrust().toNanos();
    LOG.log(Level.WARNING, "{0}: the API server was replaced or restored", description);
  }

  private void see(NodeFacts node) {
    highest = Math.max(highest, node.version());
    if (own.isOwn(node)) {
      own.see(node);
    }
    Known known = nodes.get(node.name());
    Optional<Candidate> candidate = leases.candidate(node);
    if (known != null && candidate.equals(Optional.of(known.candidate))) {
      known.version = node.version();
    } else if (candidate.isPresent()) {
      nodes.put(node.name(), new Known(candidate.get(), node.version()));
      changed = true;
    } else if (known != null) {
      nodes.remove(node.name());
      changed = true;
    }
  }

  private void connected() {
    if (!contact.connected()) {
      contact = new Contact(true, pace.wall().instant(), "");
      outage.end();
      LOG.log(Level.INFO, "watching the nodes: {0}", description);
    }
  }

  private void disconnected(String reason) {
    if (outage.failed(reason)) {
      LOG.log(Level.WARNING, "{0}: {1}", description, reason);
    }
    boolean was = contact.connected();
    contact = new Contact(false, was ? pace.wall().instant() : contact.since(), reason);
  }

  private void needsRestart(Optional<String> reason) {
    Optional<String> before = restartNeeded;
    restartNeeded = reason;
    if (!restartNeeded.equals(before)) {
      LOG.log(
          Level.WARNING,
          restartNeeded.orElse(configPlace + " says again what this daemon runs with"));
    }
  }

  /** Our own lease is part of what others are judged by. */
  private boolean canFold() {
    return listed && own.hasAttributes() && (changed || !judgedBy.equals(Optional.of(own.rules())));
  }

  private void publish() {
    fold();
    StoreView view =
        new StoreView(
            own.view(twin),
            folded.peers(),
            folded.refused(),
            folded.kept(),
            listed && distrustUntil - pace.now() <= 0,
            contact,
            restartNeeded);
    if (!published.equals(Optional.of(view))) {
      views.put(view);
    }
    published = Optional.of(view); // with the same lists, that the next one is compared at a glance
  }

  private void fold() {
    long start = pace.now();
    if (!canFold() || foldAt - start > 0) {
      return;
    }
    LeaseFold.Rules rules = own.rules();
    List<Refusal> before = folded.refused();
    folded = LeaseFold.fold(candidates(nodes), rules, folded.accepted());
    twin = twin(rules);
    changed = false;
    judgedBy = Optional.of(rules);
    long end = pace.now();
    foldAt = end + FOLD_SHARE * (end - start);
    if (!folded.refused().equals(before)) {
      tell(folded.refused());
    }
  }

  /** Another node that publishes our address (P19). */
  private Optional<String> twin(LeaseFold.Rules rules) {
    return nodes.values().stream()
        .map(known -> known.candidate)
        .filter(candidate -> LeaseFold.isTwin(candidate, rules))
        .findFirst()
        .map(other ->
            "two nodes publish %s: %s and this one; one of them must get another address (--iface,"
                    .formatted(rules.own().publicIp(rules.identity()).orElseThrow(), other.name())
                + " --public-ip, or the annotation public-ip-overwrite)");
  }

  private void tell(List<Refusal> refused) {
    if (refused.isEmpty()) {
      problems.recovered("refused", "no node is refused any more");
    } else {
      Refusal first = refused.getFirst();
      problems.failed(
          "refused",
          "%d nodes are not served, the first: %s: %s"
              .formatted(refused.size(), first.key(), first.reason()));
    }
  }
}
