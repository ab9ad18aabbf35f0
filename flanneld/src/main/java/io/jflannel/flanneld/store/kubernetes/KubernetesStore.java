// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.store.AttributesFeed;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.Pace;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.kubernetes.access.ApiAccess;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Leases as annotations of nodes.
 *
 * <pre>
 *   list, watch ----- nodes ----.
 *   own attributes -------------+--> queue --> NodeLoop (owner) --> Latest&lt;StoreView&gt;
 *   net-conf.json --------------+                |
 *   the network is up ----------'                '--> patches of the own node
 * </pre>
 */
public final class KubernetesStore implements LeaseStore {

  /** Room for events while the loop is busy with a patch; then the watch waits. */
  static final int EVENTS = 200;

  private static final Duration LOOK_AT_CONFIG = Duration.ofSeconds(5);

  private final Options.Kubernetes options;
  private final Api api;
  private final AnnotationKeys keys;
  private final NodeName who;
  private final Timing timing;
  private final LinkedBlockingQueue<FeedEvent> events = new LinkedBlockingQueue<>();
  private volatile Optional<String> node;

  /**
   * Durations; tests take shorter ones.
   *
   * @param silence how long a watch may be silent
   */
  record Timing(Pace pace, Duration silence) {
    static Timing usual() {
      return new Timing(Pace.usual(), Duration.ofSeconds(90));
    }
  }

  private KubernetesStore(
      Options.Kubernetes options, ApiAccess access, NodeName who, Timing timing) {
    this.options = options;
    this.keys = AnnotationKeys.under(options.annotationPrefix());
    this.api = new Api(access, keys);
    this.who = who;
    this.timing = timing;
    this.node = who instanceof NodeName.Known(String name) ? Optional.of(name) : Optional.empty();
  }

  /**
   * Opens it; nothing is sent yet.
   *
   * @param environment of the process
   * @throws ConfigException if a flag, a variable or a file that one names cannot be used; also if
   *     the network configuration cannot be read (KUB-2)
   */
  public static LeaseStore open(Options.Kubernetes options, Map<String, String> environment) {
    return open(options, environment, Timing.usual());
  }

  static KubernetesStore open(
      Options.Kubernetes options, Map<String, String> environment, Timing timing) {
    ApiAccess access = ApiAccess.of(options, environment);
    NodeName who = NodeName.of(environment);
    KubernetesStore store = new KubernetesStore(options, access, who, timing);
    store.parsedConfig();
    return store;
  }

  @Override
  public String description() {
    return "Kubernetes Subnet Manager - "
        + node.orElse(who instanceof NodeName.OfPod(_, String pod) ? "the node of pod " + pod : "");
  }

  @Override
  public String configPlace() {
    return "network configuration in " + options.netConfigPath();
  }

  @Override
  public NetworkConfig readConfig() {
    return parsedConfig();
  }

  private NetworkConfig parsedConfig() {
    try {
      return NetworkConfigParser.parseNetworks(configText(options.netConfigPath()));
    } catch (IOException e) {
      throw new ConfigException(
          "Failed to read the network configuration: %s; --net-config-path names the file"
              .formatted(Reasons.of(options.netConfigPath(), e)));
    } catch (ConfigException e) {
      throw e.in(configPlace());
    }
  }

  private static String configText(Path path) throws IOException {
    try {
      return Files.readString(path);
    } catch (CharacterCodingException e) {
      throw new IOException("is not UTF-8", e);
    }
  }

  /** Needs the node's name and its object: a node that is missing may come. */
  @Override
  public Map<Family, String> prescribedAddresses() throws InterruptedException {
    String name = name();
    try {
      NodeFacts facts = api.node(name);
      Map<Family, String> prescribed = new EnumMap<>(Family.class);
      for (Family family : Family.values()) {
        facts
            .prescribedIp(family)
            .ifPresent(text -> prescribed.put(family, address(name, family, text)));
      }
      return prescribed;
    } catch (ApiException e) {
      if (e.status() == ApiException.FORBIDDEN) {
        return Map.of(); // rights of old manifests, which know no such annotation
      }
      throw new StoreException(
          e.status() == ApiException.NOT_FOUND
              ? "node %s is not registered in the cluster".formatted(name)
              : e.getMessage());
    }
  }

  private String address(String name, Family family, String text) {
    try {
      if (Ip.parse(text).family() == family) {
        return text;
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    throw new ConfigException(
        "node %s: annotation %s \"%s\" is no %s address; correct or remove it"
            .formatted(name, keys.name(Annotation.nodeIp(family)), text, family));
  }

  /**
   * This node's name.
   *
   * @throws ConfigException if there is no such pod
   */
  private String name() throws InterruptedException {
    if (node.isEmpty() && who instanceof NodeName.OfPod(String namespace, String pod)) {
      node = Optional.of(nodeOf(namespace, pod));
    }
    return node.orElseThrow();
  }

  private String nodeOf(String namespace, String pod) throws InterruptedException {
    try {
      String found = api.nodeOfPod(namespace, pod);
      if (NodeName.FORM.matcher(found).matches()) {
        return found;
      }
    } catch (ApiException e) {
      if (e.status() == ApiException.NOT_FOUND) {
        throw new ConfigException(
            "POD_NAMESPACE and POD_NAME: there is no pod %s/%s; set them right, or NODE_NAME"
                .formatted(namespace, pod));
      }
      throw new StoreException(e.getMessage());
    }
    throw new StoreException("pod %s/%s has no node yet (spec.nodeName)".formatted(namespace, pod));
  }

  @Override
  public void networkIsUp() {
    events.add(new FeedEvent.NetworkUp());
  }

  @Override
  public void run(Request request, Latest<StoreView> views) throws InterruptedException {
    LinkedBlockingQueue<FeedEvent> nodes = new LinkedBlockingQueue<>(EVENTS);
    OwnNodeKeeper own =
        new OwnNodeKeeper(
            api, keys, request, name(), options.setNodeNetworkUnavailable(), timing.pace());
    NodeLoop loop =
        new NodeLoop(
            description(), configPlace(), request.config(), keys, timing.pace(), nodes, views, own);
    NodeFeed feed = new NodeFeed(api, nodes, timing.silence(), NodeFeed.PAUSES);
    try (TaskScope scope = new TaskScope()) {
      scope.fork("store-watch", feed::run);
      scope.fork(
          "store-attributes",
          () ->
              AttributesFeed.run(
                  request.attributes(),
                  api::reconnect,
                  attributes -> nodes.put(new FeedEvent.Attributes(attributes))));
      scope.fork("store-config", () -> watchConfig(nodes));
      scope.fork(
          "store-signals",
          () -> {
            while (true) {
              nodes.put(events.take());
            }
          });
      scope.fork("store", loop::run);
      scope.join();
    }
  }

  /** The kubelet replaces the file when its ConfigMap changes. */
  private void watchConfig(LinkedBlockingQueue<FeedEvent> nodes) throws InterruptedException {
    Optional<FeedEvent> last = Optional.empty();
    while (true) {
      FeedEvent now = config();
      if (!last.equals(Optional.of(now))) {
        nodes.put(now);
        last = Optional.of(now);
      }
      Thread.sleep(LOOK_AT_CONFIG);
    }
  }

  private FeedEvent config() {
    try {
      return new FeedEvent.ConfigText(configText(options.netConfigPath()));
    } catch (IOException e) {
      return new FeedEvent.ConfigUnreadable(Reasons.of(options.netConfigPath(), e));
    }
  }

  @Override
  public void close() {
    api.close();
  }
}
