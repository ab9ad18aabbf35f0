// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.plan.Topology;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.RunDirectory;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.List;

/**
 * A host of the underlay that knows no way into the overlay: only what is masqueraded gets an
 * answer.
 */
record Internet(Topology topology, Child server) {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Starts its server. */
  static Internet start(RunDirectory run, Topology topology) throws InterruptedException {
    String namespace = topology.internet().orElseThrow();
    Child server =
        Child.start(
            run,
            "iperf3-internet",
            Commands.inNetwork(namespace, List.of("iperf3", "--server", "--forceflush")));
    Await.until("iperf3 server", PATIENCE, () -> server.log().contains("Server listening"));
    return new Internet(topology, server);
  }

  Ip address(Family family) {
    return topology.internet(family).ip();
  }
}
