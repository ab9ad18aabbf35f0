// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The commands of {@code docs/migrate.md} as they stand there, on a cluster that begins with a
 * DaemonSet of upstream's shape and limits (100m CPU, 50Mi).
 */
class MigrationEndToEndTest {

  private static List<String> commands() throws IOException {
    return Files.readAllLines(Path.of("../docs/migrate.md")).stream()
        .filter(line -> line.startsWith("kubectl "))
        .map(line -> line.replaceFirst(" +#.*", "").replaceFirst("^kubectl ", ""))
        .map(line -> line.replace("REGISTRY/jflannel", "localhost/jflannel"))
        .toList();
  }

  private static void run(Site site, String command) {
    site.cluster().kubectl(command.replace("'", "").split(" ", -1));
  }

  private static String pods(Site site) {
    return site.cluster()
        .kubectl("-n", "kube-flannel", "get", "pods", "-l", "app=flannel", "-o", "name");
  }

  @Test
  void nodeByNodeAndThenWithOurManifestNoPacketIsLost() throws Exception {
    List<String> commands = commands();
    try (Site site = Site.launch(false, Site.Manifest.OLD, "{\"Type\": \"vxlan\"}")) {
      site.runPods();
      await().atMost(Duration.ofSeconds(90)).ignoreExceptions().untilAsserted(site::assertPodsTalk);
      Ping ping = Ping.start(site.cluster(), "pod1", site.addresses("pod2").get(0));

      assertThat(commands).hasSizeGreaterThanOrEqualTo(8);
      run(site, commands.get(0)); // OnDelete
      run(site, commands.get(1)); // set image
      for (String node : List.of("node1", "node2")) {
        run(site, commands.get(2).replace("NODE", node));
        run(site, commands.get(3).replace("NODE", node));
      }
      String pods = pods(site);
      run(site, commands.get(4)); // RollingUpdate
      site.awaitRollout();
      assertThat(pods(site)).isEqualTo(pods);
      run(site, commands.get(5)); // what the configuration is
      site.useManifest(Site.Manifest.OURS);
      run(site, commands.get(7)); // rollout status

      assertThat(ping.stop().lost()).isZero();
      assertThat(site.cluster().onNode(1, "cat /etc/cni/net.d/10-flannel.conflist"))
          .contains("\"bridge\"")
          .doesNotContain("delegate");
      site.awaitPods();
      await().atMost(Duration.ofSeconds(90)).ignoreExceptions().untilAsserted(site::assertPodsTalk);
    }
  }
}
