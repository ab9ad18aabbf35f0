// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kubelab;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.store.etcd.TestPrograms;
import io.jflannel.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A real Kubernetes API server with its etcd; nodes are objects that the test makes. It has RBAC,
 * the users of {@link User}, and an audit log of all requests for nodes and pods. It ends with
 * {@link #close}, and with the JVM at the latest.
 */
public final class ApiServer implements AutoCloseable {

  /** Whose token a kubeconfig has. */
  public enum User {
    /** May do everything. */
    ADMIN,
    /** The service account kube-flannel/flannel; without rights before {@link #grant}. */
    FLANNEL,
    /** Known, without any right. */
    NOBODY,
    /** A token that the server does not know. */
    BADTOKEN
  }

  private static final Set<ApiServer> RUNNING = ConcurrentHashMap.newKeySet();
  private static Optional<ApiServer> ofThisJvm = Optional.empty();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(ApiServer::end)));
  }

  private final Path kubelab;
  private final Path directory;
  private final Map<String, String> environment;
  private final List<String> inNamespace;
  private final String address;

  private ApiServer(
      List<String> inNamespace, String address, int port, int etcdPort, int peerPort) {
    this.kubelab = Kubelab.binary();
    this.inNamespace = inNamespace;
    this.address = address + ":" + port;
    this.environment =
        Map.of(
            "KUBELAB", kubelab.toString(),
            "API_ADDR", address,
            "API_PORT", Integer.toString(port),
            "ETCD_PORT", Integer.toString(etcdPort),
            "ETCD_PEER_PORT", Integer.toString(peerPort),
            "AUDIT", "1");
    this.directory = Kubelab.directory("apiserver", "stop");
  }

  /** One on loopback. */
  public static ApiServer launch() {
    Kubelab.binary();
    return new ApiServer(List.of(), "127.0.0.1", freePort(), freePort(), freePort()).started();
  }

  /**
   * One in a network namespace.
   *
   * @param address of the namespace, at which clients reach it on port 6443
   */
  public static ApiServer launchIn(String namespace, String address) {
    return new ApiServer(List.of("ip", "netns", "exec", namespace), address, 6443, 2379, 2380)
        .started();
  }

  /**
   * The one on loopback that all tests of this JVM share, running, without nodes and without rights
   * for {@link User#FLANNEL}. It is not closed by the test.
   */
  public static synchronized ApiServer shared() {
    if (ofThisJvm.isEmpty()) {
      ofThisJvm = Optional.of(launch());
      return ofThisJvm.orElseThrow();
    }
    ApiServer server = ofThisJvm.orElseThrow();
    server.start();
    server.kubectl("delete", "node", "--all");
    server.kubectl("delete", "--ignore-not-found", "clusterrolebinding", "flannel");
    return server;
  }

  private static int freePort() {
    try {
      return TestPrograms.freePort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ApiServer started() {
    RUNNING.add(this);
    start();
    return this;
  }

  /** Starts what does not run, with the data there is, and waits until it is ready. */
  public void start() {
    script("start");
  }

  /** Ends the API server, not its etcd; {@link #start} brings it back. */
  public void halt() {
    script("halt");
  }

  /** {@link #halt} and {@link #start}. */
  public void restart() {
    script("restart");
  }

  /** Runs {@code kubelab/apiserver} for this one. */
  void script(String command) {
    List<String> line = new ArrayList<>(inNamespace);
    line.addAll(
        List.of(
            Kubelab.ROOT.resolve("kubelab/apiserver").toString(), command, directory.toString()));
    Kubelab.run(line, environment, "").orThrow();
  }

  /** Of all its files. */
  Path directory() {
    return directory;
  }

  /** Process id of the API server, e.g. to stop it without closing its connections. */
  public long pid() {
    return Long.parseLong(read(directory.resolve("kube-apiserver.pid")).strip());
  }

  /** With scheme and port. */
  public String url() {
    return "https://" + address;
  }

  /** Client URL of its etcd, for those in its network namespace. */
  public String etcdUrl() {
    return "http://127.0.0.1:" + environment.get("ETCD_PORT");
  }

  /** PEM of the authority that signed its certificate. */
  public Path certificateAuthority() {
    return directory.resolve("pki/ca.crt");
  }

  /** A kubeconfig with the address, the authority and the user's token as data. */
  public Path kubeconfig(User user) {
    return directory.resolve(name(user) + ".kubeconfig");
  }

  /** What {@link #kubeconfig} has. */
  public String token(User user) {
    return read(kubeconfig(user)).replaceAll("(?s).*token: (\\w+).*", "$1");
  }

  private static String name(User user) {
    return switch (user) {
      case ADMIN -> "admin";
      case FLANNEL -> "flannel";
      case NOBODY -> "nobody";
      case BADTOKEN -> "badtoken";
    };
  }

  /** Output of kubectl as admin; it must succeed. */
  public String kubectl(String... arguments) {
    return kubectlAs(User.ADMIN, "", arguments).orThrow();
  }

  /** kubectl as somebody, with a standard input. */
  public Kubelab.Outcome kubectlAs(User user, String input, String... arguments) {
    List<String> line = new ArrayList<>(inNamespace);
    line.addAll(
        List.of(kubelab.toString(), "kubectl", "--kubeconfig", kubeconfig(user).toString()));
    line.addAll(Arrays.asList(arguments));
    return Kubelab.run(line, Map.of(), input);
  }

  /** {@code kubectl apply} of objects in YAML or JSON. */
  public void apply(String objects) {
    kubectlAs(User.ADMIN, objects, "apply", "-f", "-").orThrow();
  }

  /** Gives {@link User#FLANNEL} the rights of our manifest, and no more. */
  public void grant() {
    apply(
        Stream.of(read(Kubelab.ROOT.resolve("packaging/kube-flannel.yml")).split("(?m)^---$", -1))
            .filter(object ->
                object.matches("(?s).*\\nkind: (Namespace|ServiceAccount|ClusterRole.*)\\n.*"))
            .collect(Collectors.joining("---\n")));
  }

  /**
   * Makes a node.
   *
   * @param podCidrs at most one of each family
   */
  public void createNode(String name, List<String> podCidrs, Map<String, String> annotations) {
    createNodes(List.of(new Node(name, podCidrs, annotations)));
  }

  /** A node to be made. */
  public record Node(String name, List<String> podCidrs, Map<String, String> annotations) {

    private Json json() {
      List<Json.Member> metadata = new ArrayList<>();
      metadata.add(new Json.Member("name", new Json.Str(name)));
      metadata.add(
          new Json.Member(
              "annotations",
              new Json.Obj(
                  annotations.entrySet().stream()
                      .map(entry -> new Json.Member(entry.getKey(), new Json.Str(entry.getValue())))
                      .toList())));
      List<Json> cidrs = podCidrs.stream().<Json>map(Json.Str::new).toList();
      return new Json.Obj(
          List.of(
              new Json.Member("apiVersion", new Json.Str("v1")),
              new Json.Member("kind", new Json.Str("Node")),
              new Json.Member("metadata", new Json.Obj(metadata)),
              new Json.Member(
                  "spec",
                  new Json.Obj(
                      cidrs.isEmpty()
                          ? List.of()
                          : List.of(new Json.Member("podCIDRs", new Json.Arr(cidrs)))))));
    }
  }

  /** Makes many nodes by one kubectl, about a hundred in a second. */
  public void createNodes(List<Node> nodes) {
    String objects =
        nodes.stream().map(node -> node.json().text()).collect(Collectors.joining("\n---\n"));
    kubectlAs(User.ADMIN, objects, "create", "--validate=false", "-f", "-").orThrow();
  }

  /** Annotations of a node, sorted by key. */
  public Map<String, String> annotations(String node) {
    Map<String, String> annotations = new TreeMap<>();
    member(Json.parse(kubectl("get", "node", node, "-o", "json")), "metadata", "annotations")
        .ifPresent(found -> annotations.putAll(strings(found)));
    return annotations;
  }

  /** Sets an annotation of a node, or removes it where the value is empty. */
  public void annotate(String node, String key, Optional<String> value) {
    kubectl(
        "annotate",
        "--overwrite",
        "node",
        node,
        value.map(text -> key + "=" + text).orElse(key + "-"));
  }

  /** What the server answered. */
  public record Answer(int status, String body) {}

  /** Patches a node's status as the daemon does. */
  public Answer patchStatus(String token, String node, String patch) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + "/api/v1/nodes/" + node + "/status"))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/strategic-merge-patch+json")
            .method("PATCH", BodyPublishers.ofString(patch))
            .build();
    try (HttpClient client = HttpClient.newBuilder().sslContext(trusting()).build()) {
      HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
      return new Answer(answer.statusCode(), answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private SSLContext trusting() {
    try (InputStream pem = Files.newInputStream(certificateAuthority())) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A request for nodes or pods that was answered, in the order of the answers. */
  public record Request(
      String verb, String uri, String user, String userAgent, int status, Optional<Json> body) {

    private static Request of(Json line) {
      return new Request(
          string(line, "verb"),
          string(line, "requestURI"),
          string(line, "user", "username"),
          string(line, "userAgent"),
          member(line, "responseStatus", "code")
              .map(code -> Integer.parseInt(((Json.Num) code).literal()))
              .orElse(0),
          member(line, "requestObject"));
    }
  }

  /** All requests since the server was first started, watches when they were opened and ended. */
  public List<Request> audit() {
    Path log = directory.resolve("audit.log");
    return Files.exists(log)
        ? read(log).lines().map(line -> Request.of(Json.parse(line))).toList()
        : List.of();
  }

  /** The requests of {@link User#FLANNEL} after the first so many of {@link #audit}. */
  public List<Request> auditOfFlannel(int after) {
    return audit().stream()
        .skip(after)
        .filter(request -> request.user().endsWith(":flannel"))
        .toList();
  }

  private static Optional<Json> member(Json json, String... path) {
    Optional<Json> found = Optional.of(json);
    for (String name : path) {
      found =
          found.flatMap(
              at -> at instanceof Json.Obj object ? object.member(name) : Optional.empty());
    }
    return found;
  }

  private static String string(Json json, String... path) {
    return member(json, path).map(found -> ((Json.Str) found).value()).orElse("");
  }

  private static Map<String, String> strings(Json object) {
    Map<String, String> strings = new LinkedHashMap<>();
    for (Json.Member member : ((Json.Obj) object).members()) {
      strings.put(member.name(), ((Json.Str) member.value()).value());
    }
    return strings;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void end() {
    if (RUNNING.remove(this)) {
      script("stop");
      TestPrograms.deleteTree(directory);
    }
  }

  @Override
  public void close() {
    end();
  }
}
