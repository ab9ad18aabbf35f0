// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.Pace;
import io.jflannel.flanneld.store.kubernetes.access.ApiAccess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When what a list says is believed (ODD-62). The API server is never asked. */
class NodeLoopTest {

  private static final NetworkConfig CONFIG =
      NetworkConfigParser.parseNetworks("{\"Network\":\"10.244.0.0/16\"}");

  private final LinkedBlockingQueue<FeedEvent> events = new LinkedBlockingQueue<>();
  private final Latest<StoreView> views = new Latest<>();
  private final TaskScope scope = new TaskScope();
  private Api api;

  @BeforeEach
  void start() {
    AnnotationKeys keys = AnnotationKeys.under("flannel.alpha.coreos.com");
    Options.Kubernetes options =
        new Options.Kubernetes(
            true, "http://127.0.0.1:1", "flannel.alpha.coreos.com", "", Path.of("/x"), true);
    api = new Api(ApiAccess.of(options, Map.of()), keys);
    LeaseStore.Request request =
        new LeaseStore.Request(
            CONFIG,
            Optional.empty(),
            Optional.empty(),
            new Latest<>(),
            Duration.ofMinutes(60),
            Options.OnLeaseLost.FOLLOW);
    Pace pace = Pace.usual();
    OwnNodeKeeper own = new OwnNodeKeeper(api, keys, request, "own", true, pace);
    scope.fork(
        "store", new NodeLoop("nodes", "config", CONFIG, keys, pace, events, views, own)::run);
  }

  @AfterEach
  void stop() {
    scope.close();
    api.close();
  }

  private static NodeFacts node(String name, long version) {
    return new TestNode(name)
        .cidrs("10.244.2.0/24")
        .with(Annotation.MANAGED, "true")
        .version(version)
        .facts();
  }

  private void awaitComplete(boolean complete) {
    await()
        .untilAsserted(() ->
            assertThat(views.peek())
                .hasValueSatisfying(
                    view -> assertThat(view.value().complete()).isEqualTo(complete)));
  }

  @Test
  void aLowerVersionIsARestore() {
    events.add(new FeedEvent.Listed(20, List.of(node("a", 5))));
    awaitComplete(true);

    events.add(new FeedEvent.Listed(19, List.of(node("a", 5))));

    awaitComplete(false);
  }

  @Test
  void anOlderNodeIsARestoreWhateverTheVersion() {
    events.add(new FeedEvent.Listed(10, List.of(node("a", 5), node("b", 6))));
    events.add(new FeedEvent.Seen(node("b", 12))); // a heartbeat
    awaitComplete(true);

    events.add(new FeedEvent.Listed(1_000, List.of(node("a", 5), node("b", 11))));

    awaitComplete(false);
  }

  @Test
  void newerNodesAreNone() {
    events.add(new FeedEvent.Listed(10, List.of(node("a", 5), node("b", 6))));
    events.add(new FeedEvent.Seen(node("b", 12)));
    events.add(new FeedEvent.Listed(1_000, List.of(node("a", 5), node("b", 12), node("c", 1))));
    events.add(new FeedEvent.Lost("to be seen"));

    await()
        .untilAsserted(() ->
            assertThat(views.peek())
                .hasValueSatisfying(
                    view -> assertThat(view.value().contact().detail()).isEqualTo("to be seen")));
    awaitComplete(true);
  }
}
