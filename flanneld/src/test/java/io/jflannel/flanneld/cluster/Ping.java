// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.kubelab.Cluster;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Fifty echo requests a second from a pod, until it is stopped. */
final class Ping {

  private static final Pattern ANSWER = Pattern.compile(" seq=(\\d+) ");

  private final Cluster cluster;
  private final String pod;

  private final Process kubectl;
  private final BufferedReader output;
  private final String first;

  private Ping(Cluster cluster, String pod, Process kubectl) throws IOException {
    this.cluster = cluster;
    this.pod = pod;
    this.kubectl = kubectl;
    this.output = kubectl.inputReader(UTF_8);
    output.readLine(); // PING address
    this.first = String.valueOf(output.readLine());
  }

  /**
   * How many were sent up to the last one that was answered, and how many of those were not: what
   * is on its way when ping is ended is not lost.
   */
  record Tally(int sent, int lost) {}

  /** Comes back when the first answer has come. */
  static Ping start(Cluster cluster, String pod, String address) throws IOException {
    return new Ping(
        cluster, pod, cluster.startKubectl("exec", pod, "--", "ping", "-i", "0.02", address));
  }

  Tally stop() throws Exception {
    cluster.inPod(pod, "kill -INT $(pidof ping)");
    String answers = first + "\n" + output.readAllAsString();
    kubectl.waitFor();
    Set<Integer> answered = new TreeSet<>();
    Matcher answer = ANSWER.matcher(answers);
    while (answer.find()) {
      answered.add(Integer.parseInt(answer.group(1)));
    }
    int sent = 1 + Collections.max(answered);
    return new Tally(sent, sent - answered.size());
  }
}
