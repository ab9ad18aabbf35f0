// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.time.Instant;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The peers of a benchmark as Node objects of the size that clusters have: 25 images with two names
 * each, four conditions, labels, addresses, and what the API server adds.
 */
record KubeNodes(Peers peers) {

  private static final int IMAGES = 25;
  private static final Instant SINCE = Instant.parse("2026-11-20T08:00:00Z");

  static String name(int peer) {
    return "peer-%05d.compute.example.internal".formatted(peer);
  }

  /** The network of the peers as net-conf.json. */
  String config() {
    return peers.config();
  }

  /** A node with a pod CIDR and nothing else: the daemon's own. */
  static String own(String name, String podCidr) {
    return """
    {"apiVersion":"v1","kind":"Node","metadata":{"name":"%s"},
     "spec":{"podCIDR":"%s","podCIDRs":["%s"]}}\
    """
        .formatted(name, podCidr, podCidr);
  }

  /** A peer as kubelet, its controllers and flannel leave it. */
  String peer(int peer) {
    String subnet = Peers.subnet(peer) + "/24";
    return """
    {"apiVersion":"v1","kind":"Node",
     "metadata":{"name":"%s","labels":{%s},"annotations":{%s}},
     "spec":{"podCIDR":"%s","podCIDRs":["%s"],"providerID":"cloud:///zone/i-%017x"},
     "status":{%s,"conditions":[%s],"images":[%s]}}\
    """
        .formatted(
            name(peer),
            labels(peer),
            annotations(peer),
            subnet,
            subnet,
            peer,
            facts(peer),
            conditions(SINCE),
            images(peer));
  }

  /** The patch of a status by which a kubelet says that it lives. */
  static String heartbeat(int beat) {
    return "{\"status\":{\"conditions\":[" + conditions(SINCE.plusSeconds(beat + 1L)) + "]}}";
  }

  private static String labels(int peer) {
    return """
    "beta.kubernetes.io/arch":"amd64","beta.kubernetes.io/instance-type":"m5.2xlarge",
    "beta.kubernetes.io/os":"linux","kubernetes.io/arch":"amd64","kubernetes.io/os":"linux",
    "failure-domain.beta.kubernetes.io/region":"eu-central-1",
    "failure-domain.beta.kubernetes.io/zone":"eu-central-1a",
    "topology.kubernetes.io/region":"eu-central-1","kubernetes.io/hostname":"%s",
    "topology.kubernetes.io/zone":"eu-central-1a","node.kubernetes.io/instance-type":"m5.2xlarge"\
    """
        .formatted(name(peer));
  }

  private String annotations(int peer) {
    String key = "\"flannel.alpha.coreos.com/";
    String data =
        peers.isVxlan()
            ? key
                + "backend-data\":\"{\\\"VNI\\\":1,\\\"VtepMAC\\\":\\\""
                + Peers.mac(peer)
                + "\\\"}\","
            : key + "backend-data\":\"null\",";
    return data
        + key
        + "backend-type\":\""
        + peers.type()
        + "\","
        + key
        + "kube-subnet-manager\":\"true\","
        + key
        + "public-ip\":\""
        + Peers.address(peer)
        + "\",\"node.alpha.kubernetes.io/ttl\":\"300\","
        + "\"volumes.kubernetes.io/controller-managed-attach-detach\":\"true\"";
  }

  private static String facts(int peer) {
    String amounts =
        "\"cpu\":\"8\",\"ephemeral-storage\":\"83873772Ki\",\"hugepages-2Mi\":\"0\","
            + "\"memory\":\"32386544Ki\",\"pods\":\"110\"";
    return """
    "capacity":{%s},"allocatable":{%s},
    "addresses":[{"type":"InternalIP","address":"%s"},{"type":"Hostname","address":"%s"}],
    "daemonEndpoints":{"kubeletEndpoint":{"Port":10250}},
    "nodeInfo":{"machineID":"%032x","systemUUID":"%032x","bootID":"%032x",
     "kernelVersion":"6.1.0-26-amd64","osImage":"Debian GNU/Linux 12 (bookworm)",
     "containerRuntimeVersion":"containerd://1.7.22","kubeletVersion":"v1.34.4",
     "kubeProxyVersion":"","operatingSystem":"linux","architecture":"amd64"}\
    """
        .formatted(amounts, amounts, Peers.address(peer), name(peer), peer, peer, peer);
  }

  private static String conditions(Instant heartbeat) {
    return Stream.of(
            "MemoryPressure KubeletHasSufficientMemory False sufficient memory available",
            "DiskPressure KubeletHasNoDiskPressure False no disk pressure",
            "PIDPressure KubeletHasSufficientPID False sufficient PID available",
            "Ready KubeletReady True nothing to complain of")
        .map(line -> line.split(" ", 4))
        .map(word ->
            """
            {"type":"%s","reason":"%s","status":"%s","message":"kubelet has %s",\
            "lastHeartbeatTime":"%s","lastTransitionTime":"%s"}\
            """
                .formatted(word[0], word[1], word[2], word[3], heartbeat, SINCE))
        .collect(Collectors.joining(","));
  }

  private static String images(int peer) {
    return IntStream.range(0, IMAGES)
        .mapToObj(image -> {
          String repository =
              "registry.eu-central-1.example.org/platform-team/component-%02d".formatted(image);
          return "{\"names\":[\"%s@sha256:%064x\",\"%s:v1.%d.%d\"],\"sizeBytes\":%d}"
              .formatted(
                  repository,
                  1_000_003L * (peer + 1) * (image + 7),
                  repository,
                  image,
                  peer % 10,
                  123_456_789 + image);
        })
        .collect(Collectors.joining(","));
  }
}
