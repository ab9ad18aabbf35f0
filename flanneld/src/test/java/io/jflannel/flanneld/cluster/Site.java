// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.kubelab.Cluster;
import io.jflannel.flanneld.kubelab.Kubelab;
import io.jflannel.flanneld.lab.Requirements;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Two nodes with our image and manifest, a pod on each, a service, and a host outside. */
final class Site implements AutoCloseable {

  /** What is outside: the control plane's host, which knows no way to the pods. */
  static final List<String> OUTSIDE = List.of("198.51.100.1", "2001:db8::1");

  private static final Path PACKAGING = Path.of("../packaging");

  /** Which manifest. */
  enum Manifest {
    /** {@code packaging/kube-flannel.yml}. */
    OURS,
    /** {@code old-daemonset.yml}: the plugin is called for each pod. */
    OLD
  }

  private final Cluster cluster;
  private final boolean dual;
  private Manifest manifest;

  private Site(Cluster cluster, boolean dual, Manifest manifest) {
    this.cluster = cluster;
    this.dual = dual;
    this.manifest = manifest;
  }

  /**
   * Starts the cluster and applies the manifest.
   *
   * @param backend the text of {@code "Backend"}
   */
  static Site launch(boolean dual, Manifest manifest, String backend) {
    Path image = image();
    Site site = new Site(Cluster.launch(dual), dual, manifest);
    try {
      site.cluster.load(image);
      site.outside()
          .forEach(address -> site.cluster.onNode(0, "ip address add " + address + " dev lo"));
      site.cluster.apply(site.manifest(backend));
      site.awaitReady();
      return site;
    } catch (RuntimeException | AssertionError e) {
      site.close();
      throw e;
    }
  }

  /** The addresses of {@link #OUTSIDE} that this cluster's families reach. */
  List<String> outside() {
    return OUTSIDE.subList(0, dual ? 2 : 1);
  }

  private static Path image() {
    Optional<Path> image = Optional.ofNullable(System.getenv("JFLANNEL_IMAGE")).map(Path::of);
    if (image.isEmpty()) {
      Requirements.missing("JFLANNEL_IMAGE does not name what packaging/image/build has made");
    }
    return image.orElseThrow();
  }

  /** {@code kube-flannel.yml}, for this cluster's families and another backend. */
  private String manifest(String backend) {
    String ours = packaging("kube-flannel.yml");
    String text =
        switch (manifest) {
          case OURS -> ours;
          case OLD -> old(ours);
        };
    String families =
        dual ? "\"EnableIPv6\": true,\n      \"IPv6Network\": \"fd00:10:244::/56\",\n      " : "";
    String changed =
        text.replaceFirst(
            "\"Backend\": \\{\\s+\"Type\": \"vxlan\"\\s+}",
            (families + "\"Backend\": " + backend).replace("\\", "\\\\"));
    return backend.contains("\"udp\"") ? mayUseTun(changed) : changed;
  }

  private static String old(String ours) {
    try (InputStream old = Site.class.getResourceAsStream("old-daemonset.yml")) {
      return ours.substring(0, ours.indexOf("---\napiVersion: apps/v1\nkind: DaemonSet"))
          + new String(Objects.requireNonNull(old).readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the manifest's users must add for the backend udp (docs/migrate.md). */
  static String mayUseTun(String manifest) {
    return manifest
        .replace("privileged: false", "privileged: true")
        .replace("          allowPrivilegeEscalation: false\n", "");
  }

  static String packaging(String file) {
    try {
      return Files.readString(PACKAGING.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Cluster cluster() {
    return cluster;
  }

  /** Applies the manifest with another backend, with which every daemon is started again. */
  void useBackend(String backend) {
    cluster.apply(manifest(backend));
    cluster.kubectl("-n", "kube-flannel", "rollout", "restart", "daemonset/kube-flannel-ds");
    awaitReady();
  }

  /** Applies another manifest, with vxlan. */
  void useManifest(Manifest other) {
    manifest = other;
    cluster.apply(manifest("{\"Type\": \"vxlan\"}"));
    awaitReady();
  }

  /** Until all daemons are ready, and so all nodes. */
  void awaitReady() {
    awaitRollout();
    cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=120s");
  }

  void awaitRollout() {
    cluster.kubectl(
        "-n", "kube-flannel", "rollout", "status", "daemonset/kube-flannel-ds", "--timeout=180s");
  }

  /** Runs a pod on each node, named like it, that tells by HTTP who asks, and a service of both. */
  void runPods() {
    for (int node = 1; node <= 2; node++) {
      cluster.apply(pod(node));
    }
    cluster.apply(
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: who
        spec:
          %s
          selector: {app: who}
          ports: [{port: 80}]
        """
            .formatted(dual ? "ipFamilyPolicy: RequireDualStack" : ""));
    awaitPods();
  }

  void awaitPods() {
    cluster.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
  }

  private static String pod(int node) {
    return """
    apiVersion: v1
    kind: Pod
    metadata:
      name: pod%1$d
      labels: {app: who}
    spec:
      nodeName: node%1$d
      terminationGracePeriodSeconds: 0
      containers:
      - name: who
        image: lab.local/busybox:1
        imagePullPolicy: Never
        command: [sh, -c, 'mkdir -p /www/cgi-bin && cd /www/cgi-bin &&
          printf "#!/bin/sh\\n\\necho; echo pod%1$d \\$REMOTE_ADDR\\n" >who && chmod +x who && exec httpd -f -h /www']
        readinessProbe: {httpGet: {path: /cgi-bin/who, port: 80}, periodSeconds: 1}
    """
        .formatted(node);
  }

  /** Addresses of a pod, IPv4 first. */
  List<String> addresses(String pod) {
    return words(cluster.kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIPs[*].ip}"));
  }

  /** Addresses of the service. */
  List<String> serviceAddresses() {
    return words(cluster.kubectl("get", "service", "who", "-o", "jsonpath={.spec.clusterIPs[*]}"));
  }

  private static List<String> words(String text) {
    return List.of(text.strip().split("\\s+"));
  }

  /** What the server at an address says: its pod, and the address that it was asked from. */
  String ask(String fromPod, String address) {
    return cluster.inPod(
        fromPod,
        "printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 5 " + address + " 80 | tail -n 1");
  }

  /** Each pod reaches the other, over each family, by ping and TCP, with its own address. */
  void assertPodsTalk() {
    assertPodsTalk(dual ? 2 : 1);
  }

  /** As far as the backend udp carries them. */
  void assertPodsTalkByIpv4() {
    assertPodsTalk(1);
  }

  private void assertPodsTalk(int families) {
    for (int node = 1; node <= 2; node++) {
      String here = "pod" + node;
      String there = "pod" + (3 - node);
      List<String> own = addresses(here);
      List<String> others = addresses(there);
      assertThat(others).hasSize(dual ? 2 : 1);
      for (int family = 0; family < families; family++) {
        String address = others.get(family);
        assertThat(cluster.inPod(here, "ping -c 3 -W 2 " + address)).contains(" 0% packet loss");
        assertThat(ask(here, address)).contains(there + " ").contains(own.get(family));
      }
    }
  }

  /** For whoever reads why a test has failed. */
  private void printWhatHappened() {
    String daemons = "--selector=app=flannel";
    for (String[] command :
        new String[][] {
          {"get", "node,pod", "-A", "-o", "wide"},
          {"-n", "kube-flannel", "describe", "pod", daemons},
          {"-n", "kube-flannel", "logs", daemons, "--all-containers", "--prefix", "--tail=-1"},
          {"-n", "kube-flannel", "logs", daemons, "--previous", "--prefix", "--tail=-1"}
        }) {
      Kubelab.Outcome outcome = cluster.tryKubectl(command);
      System.out.println(outcome.out() + outcome.err());
    }
  }

  @Override
  public void close() {
    printWhatHappened();
    cluster.close();
  }
}
