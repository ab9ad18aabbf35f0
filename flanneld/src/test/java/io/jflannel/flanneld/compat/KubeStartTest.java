// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.flanneld.daemon.Flanneld;
import io.jflannel.flanneld.kubelab.ApiServer;
import io.jflannel.flanneld.kubelab.ApiServer.User;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real processes with the Kubernetes store at their start: golden/kubernetes.md, part 3. */
class KubeStartTest {

  private static final Map<String, String> NODE = Map.of("NODE_NAME", "node1");

  @TempDir Path directory;

  private ApiServer api;

  @BeforeEach
  void prepare() throws IOException {
    api = ApiServer.shared();
    api.grant();
    config("{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
  }

  private void config(String text) throws IOException {
    Files.writeString(directory.resolve("net-conf.json"), text);
  }

  private DaemonProcess start(Map<String, String> environment, String... more) throws IOException {
    List<String> flags =
        new ArrayList<>(
            List.of(
                "--kube-subnet-mgr",
                "--kubeconfig-file=" + api.kubeconfig(User.FLANNEL),
                "--net-config-path=" + directory.resolve("net-conf.json"),
                "--bridge-netfilter=warn",
                "--subnet-file=" + directory.resolve("subnet.env")));
    flags.addAll(List.of(more));
    return DaemonProcess.start(
        List.of(),
        Flanneld.class,
        directory.resolve("log"),
        environment,
        flags.toArray(String[]::new));
  }

  private void assertEndsWithoutARequest(
      Map<String, String> environment, String message, String... more) throws Exception {
    int before = api.audit().size();
    try (DaemonProcess flanneld = start(environment, more)) {
      assertThat(flanneld.awaitExit()).as(flanneld.log()).isEqualTo(1);
      assertThat(flanneld.log()).contains(message).doesNotContain("\tat ");
    }
    assertThat(api.auditOfFlannel(before)).isEmpty();
    assertThat(directory.resolve("subnet.env")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--kubeconfig-file=/nonexistent | kubeconfig cannot be read: /nonexistent: no such file",
        "--kubeconfig-file=/etc | kubeconfig cannot be read",
        "--kubeconfig-file= | No Kubernetes API server is configured: not in a pod",
        "--kube-api-url=ftp://x | Invalid kube-api-url option: \"ftp://x\"",
        "--net-config-path=/nonexistent | Failed to read the network configuration: /nonexistent",
        "--kube-annotation-prefix=org | must have the form fqdn/[0-9a-z-_]*",
        "--kube-annotation-prefix=a/b/c | at most a single slash",
      })
  void aFlagThatCannotBeUsed(String flag, String message) throws Exception {
    assertEndsWithoutARequest(NODE, message, flag);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | Network is missing",
        "{\"Network\":\"10.244.0.0/16\" | net-conf.json: no JSON",
        "{\"EnableIPv4\":false} | no address family is left",
      })
  void aConfigurationThatCannotBeUsed(String text, String message) throws Exception { // KUB-2
    config(text);
    assertEndsWithoutARequest(NODE, message);
  }

  @Test // KUB-1
  void theNodeMustBeNamed() throws Exception {
    assertEndsWithoutARequest(Map.of(), "NODE_NAME, or POD_NAME and POD_NAMESPACE, must be set");
    assertEndsWithoutARequest(Map.of("NODE_NAME", "a/b"), "Invalid NODE_NAME \"a/b\"");
  }

  @Test // KUB-1: one GET
  void aPodThatIsNotThereEndsTheStart() throws Exception {
    int before = api.audit().size();
    try (DaemonProcess flanneld = start(Map.of("POD_NAME", "x", "POD_NAMESPACE", "kube-flannel"))) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).contains("there is no pod kube-flannel/x");
    }
    assertThat(api.auditOfFlannel(before))
        .extracting(ApiServer.Request::uri, ApiServer.Request::status)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("/api/v1/namespaces/kube-flannel/pods/x", 404));
  }

  @Test // KUB-12
  void aPrescribedAddressThatIsNoneEndsTheStart() throws Exception {
    String key = "flannel.alpha.coreos.com/node-public-ip";
    api.createNode("node1", List.of("10.244.1.0/24"), Map.of(key, "hello"));
    try (DaemonProcess flanneld = start(NODE)) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).contains("node node1: annotation " + key + " \"hello\"");
    }
    assertThat(api.annotations("node1")).containsOnlyKeys(key);
  }

  @Test // ODD-52
  void whoWaitsCanBeStopped() throws Exception {
    try (DaemonProcess flanneld = start(NODE)) {
      flanneld.awaitLog("node node1 is not registered in the cluster (asking again each second)");
      flanneld.signal("TERM");
      assertThat(flanneld.awaitExit()).isZero();
    }
    try (DaemonProcess flanneld =
        start(NODE, "--kubeconfig-file=" + api.kubeconfig(User.BADTOKEN))) {
      flanneld.awaitLog("does not accept our credentials");
      flanneld.signal("TERM");
      assertThat(flanneld.awaitExit()).isZero();
    }
  }
}
