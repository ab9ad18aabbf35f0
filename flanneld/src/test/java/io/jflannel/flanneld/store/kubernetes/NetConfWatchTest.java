// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.config.Options.OnLeaseLost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of net-conf.json while the daemon runs; it needs no API server for that. */
class NetConfWatchTest {

  @TempDir Path dir;

  private RunningStore store() throws IOException {
    Path kubeconfig = dir.resolve("kubeconfig");
    Files.writeString(
        kubeconfig,
        """
        current-context: x
        contexts: [{name: x, context: {cluster: x}}]
        clusters: [{name: x, cluster: {server: "http://127.0.0.1:1"}}]
        """);
    return new RunningStore(
        dir, kubeconfig, "", "node1", RunningStore.V4, OnLeaseLost.FOLLOW, Duration.ofSeconds(90));
  }

  @Test // KUB-2
  void anUnreadableConfigurationWouldEndARestart() throws IOException {
    Path file = dir.resolve("net-conf.json");
    try (RunningStore store = store()) {
      Files.delete(file);
      awaitRestartNeeded(store, file + ": no such file or directory");

      Files.write(file, new byte[] {'{', (byte) 0xff, '}'});
      awaitRestartNeeded(store, file + ": is not UTF-8");

      Files.writeString(file, RunningStore.V4);
      store.awaitView(view -> view.restartNeeded().isEmpty());
    }
  }

  private static void awaitRestartNeeded(RunningStore store, String reason) {
    store.awaitView(view ->
        view.restartNeeded()
            .filter(text -> text.endsWith(" cannot be read, a restart would fail: " + reason))
            .isPresent());
  }
}
