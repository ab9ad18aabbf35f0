// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import io.jflannel.json.Json;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Leases in etcd v2 (spec section 7): nodes with a TTL; one without is a reservation. Requests are
 * upstream's, but all writes are conditional: prevExist or prevIndex (P8).
 */
public final class Etcd2Registry implements Registry {

  private static final Duration POLL = Duration.ofSeconds(60);
  private static final String ONE = "?quorum=true&recursive=false&sorted=false";
  private static final String ALL = "?quorum=true&recursive=true&sorted=false";

  private final EtcdAccess access;
  private final KeyNames keys;
  private final Http http;

  /** Opens no connection yet. */
  public Etcd2Registry(EtcdAccess access) {
    this.access = access;
    this.keys = KeyNames.v2(access.prefix());
    this.http = new Http(access);
  }

  /**
   * Upstream's v2 client refuses half a client certificate (7.1).
   *
   * @throws ConfigException naming both flags
   */
  public static void check(Options.Etcd options) {
    if (options.certFile().isEmpty() != options.keyFile().isEmpty()) {
      throw new ConfigException("--etcd-certfile and --etcd-keyfile go together");
    }
  }

  @Override
  public String description() {
    return "etcd v2 at %s, keys below %s".formatted(access.endpoints().text(), keys.directory());
  }

  /** Leases with IPv6 have the v3 form all the same. */
  @Override
  public LeaseText.Form form() {
    return LeaseText.Form.V2;
  }

  @Override
  public String configKey() {
    return keys.config();
  }

  @Override
  public String leaseKey(String name) {
    return keys.lease(name);
  }

  @Override
  public String configHint() {
    return "ETCDCTL_API=2 etcdctl --endpoints=%s set %s '{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}'"
        .formatted(access.endpoints().text(), keys.config());
  }

  @Override
  public Optional<String> config() throws InterruptedException {
    Answer answer = http.read(new Wire.Request.Get(target(keys.config()) + ONE));
    if (answer.errorCode() == Answer.NOT_FOUND) {
      return Optional.empty();
    }
    Json.Obj node = node(answer, keys.config());
    if (Nodes.directory(node)) {
      throw new StoreException("etcd v2 key %s is a directory".formatted(keys.config()));
    }
    Entry entry = Nodes.entry(keys.config(), node);
    if (entry.problem().isPresent()) {
      throw new StoreException(
          "etcd v2 key %s: %s".formatted(keys.config(), entry.problem().get()));
    }
    return Optional.of(entry.value());
  }

  @Override
  public Listing list() throws InterruptedException {
    String directory = keys.subnets().substring(0, keys.subnets().length() - 1);
    Answer answer = http.read(new Wire.Request.Get(target(directory) + ALL));
    if (answer.errorCode() == Answer.NOT_FOUND) {
      return new Listing(answer.clusterId(), answer.errorIndex(), List.of());
    }
    List<Entry> entries = new ArrayList<>();
    for (Json.Obj child : Nodes.children(node(answer, directory))) {
      if (!Nodes.directory(child)) {
        keys.leaseName(Nodes.text(child, "key"))
            .ifPresent(name -> entries.add(Nodes.entry(name, child).bounded()));
      }
    }
    entries.sort(Comparator.comparing(Entry::name));
    return new Listing(answer.clusterId(), answer.index(), entries);
  }

  @Override
  public Written create(String name, String value, Expiry expiry) throws InterruptedException {
    return put(name, "?prevExist=false", value, expiry);
  }

  @Override
  public Written update(Entry current, String value, Expiry expiry) throws InterruptedException {
    return put(current.name(), "?prevIndex=" + current.modRevision(), value, expiry);
  }

  private Written put(String name, String condition, String value, Expiry expiry)
      throws InterruptedException {
    String ttl =
        switch (expiry) {
          case LEASED -> "ttl=" + LEASE_TIME.toSeconds() + "&";
          case NEVER -> "";
        };
    String key = keys.lease(name);
    Answer answer =
        http.write(
            new Wire.Request.Put(
                target(key) + condition, ttl + "value=" + URLEncoder.encode(value, UTF_8)));
    long code = answer.errorCode();
    if (code == Answer.EXISTS || code == Answer.COMPARE_FAILED || code == Answer.NOT_FOUND) {
      return new Written.Conflict();
    }
    Entry entry = Nodes.entry(name, node(answer, key));
    return new Written.Done(entry, entry.reservation() ? Optional.empty() : entry.timeLeft());
  }

  @Override
  public void delete(Entry current) throws InterruptedException {
    String key = keys.lease(current.name());
    Answer answer =
        http.write(new Wire.Request.Delete(target(key) + "?prevIndex=" + current.modRevision()));
    long code = answer.errorCode();
    if (code != Answer.NOT_FOUND && code != Answer.COMPARE_FAILED) { // ODD-22
      node(answer, key);
    }
  }

  private Json.Obj node(Answer answer, String key) {
    return answer
        .body()
        .filter(body -> answer.status() < 300)
        .flatMap(body -> Nodes.object(body, "node"))
        .orElseThrow(() -> http.refused(answer, key));
  }

  @Override
  public WatchEnd watch(long revision, Sink sink) throws InterruptedException {
    return new LongPoll(http, keys, revision, sink, POLL).run();
  }

  /** The key as a path of a URL. */
  static String target(String key) {
    List<String> segments = new ArrayList<>();
    for (String segment : key.split("/", -1)) {
      segments.add(URLEncoder.encode(segment, UTF_8).replace("+", "%20"));
    }
    return String.join("/", segments);
  }

  @Override
  public void reconnect() {
    http.reconnect();
  }

  @Override
  public void close() {
    http.close();
  }
}
