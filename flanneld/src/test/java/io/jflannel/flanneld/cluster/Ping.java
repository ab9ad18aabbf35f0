// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.kubelab.Cluster;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Twenty echo requests a second from a pod, until it is stopped. */
final class Ping {

  private static final Pattern SUMMARY =
      Pattern.compile("(\\d+) packets transmitted, (\\d+) packets received");

  private final Cluster cluster;
  private final String pod;

  /** What may be on its way when ping is ended: it counts as lost. */
  static final int IN_FLIGHT = 1;

  private final Process kubectl;
  private final BufferedReader output;

  private Ping(Cluster cluster, String pod, Process kubectl) {
    this.cluster = cluster;
    this.pod = pod;
    this.kubectl = kubectl;
    this.output = kubectl.inputReader(UTF_8);
  }

  /** How many were sent and not answered. */
  record Tally(int sent, int lost) {}

  /** Comes back when the first answer has come. */
  static Ping start(Cluster cluster, String pod, String address) throws IOException {
    Ping ping =
        new Ping(
            cluster, pod, cluster.startKubectl("exec", pod, "--", "ping", "-i", "0.05", address));
    ping.output.readLine(); // PING address
    ping.output.readLine();
    return ping;
  }

  Tally stop() throws Exception {
    cluster.inPod(pod, "kill -INT $(pidof ping)");
    String rest = output.readAllAsString();
    kubectl.waitFor();
    Matcher summary = SUMMARY.matcher(rest);
    if (!summary.find()) {
      throw new IllegalStateException("no summary: " + rest);
    }
    int sent = Integer.parseInt(summary.group(1));
    return new Tally(sent, sent - Integer.parseInt(summary.group(2)));
  }
}
