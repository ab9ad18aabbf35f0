// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.etcd.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** 8.1. Against a real server: ApiAccessEndToEndTest. */
class KubeconfigTest {

  @TempDir Path dir;

  private static final String HEAD =
      """
      apiVersion: v1
      kind: Config
      current-context: lab
      contexts:
      - name: lab
        context: {cluster: c, user: u}
      """;

  private ApiAccess read(String text) {
    return read(text, "");
  }

  private ApiAccess read(String text, String url) {
    Path file = dir.resolve("kubeconfig");
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return ApiAccess.of(
        new Options.Kubernetes(true, url, "flannel.alpha.coreos.com", file.toString(), file, true),
        Map.of());
  }

  private static String config(String cluster, String user) {
    return HEAD
        + "clusters:\n- name: c\n  cluster: {%s}\nusers:\n- name: u\n  user: {%s}\n"
            .formatted(cluster, user);
  }

  @Test
  void aTokenAndAServer() {
    ApiAccess access = read(config("server: 'http://192.0.2.1:8080/k8s/c-1'", "token: secret"));

    assertThat(access.server()).hasToString("http://192.0.2.1:8080/k8s/c-1");
    assertThat(access.tls()).isEmpty();
    assertThat(access.credential().header()).contains("Bearer secret");
    assertThat(access.toString()).doesNotContain("secret");
  }

  @Test
  void theFlagReplacesTheServerAlone() { // FT
    ApiAccess access =
        read(config("server: 'http://192.0.2.1:8080'", "token: t"), "http://127.0.0.1:1234");

    assertThat(access.server()).hasToString("http://127.0.0.1:1234");
    assertThat(access.credential().header()).contains("Bearer t");
  }

  @ParameterizedTest // without a scheme, as client-go: https where TLS is spoken of
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "insecure-skip-tls-verify: true | token: t | https://h:6443",
        "certificate-authority: pki/ca.crt | token: t | https://h:6443",
        "a: b | client-certificate: CERT, client-key: KEY | https://h:6443",
        "insecure-skip-tls-verify: false | a: b | http://h:6443",
      })
  void aServerWithoutSchemeIsHttpsWithTlsSettings(String cluster, String user, String url)
      throws IOException {
    TestCertificates.Pair client =
        new TestCertificates(dir.resolve("pki")).client("c", TestCertificates.Kind.PKCS8_EC);
    String who =
        user.replace("CERT", client.cert().toString()).replace("KEY", client.key().toString());

    assertThat(read(config("server: 'h:6443', " + cluster, who)).server()).hasToString(url);
    assertThat(read(config("server: 'ignored', " + cluster, who), "h:6443").server())
        .hasToString(url);
  }

  @ParameterizedTest // a secret goes over http only if somebody wrote http://
  @ValueSource(strings = {"token: secret", "tokenFile: /x", "username: u, password: secret"})
  void noSecretIsSentInClearUnasked(String user) {
    assertThatThrownBy(() -> read(config("server: 'h:8080'", user)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("clusters[c].cluster.server", "\"h:8080\" has no scheme")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> read(config("server: 'https://h'", user), "h:8080"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Invalid kube-api-url option: \"h:8080\" has no scheme");
    assertThat(read(config("server: 'http://h:8080'", user)).server()).hasScheme("http");
  }

  @Test
  void tokenFilesAreReadAgain() throws IOException { // rotation
    Path token = dir.resolve("token");
    Files.writeString(token, "one\n");
    ApiAccess access = read(config("server: 'http://192.0.2.1'", "tokenFile: token, token: old"));

    assertThat(access.credential().header()).contains("Bearer one");
    Files.writeString(token, "two");
    assertThat(access.credential().header()).contains("Bearer two");
    Files.delete(token);
    assertThat(access.credential().header()).contains("Bearer two");
  }

  @Test // as "token: |" gives it
  void aLineEndAfterATokenIsNoPartOfIt() {
    assertThat(read(config("server: 'http://h'", "token: \"abc\\n\"")).credential().header())
        .contains("Bearer abc");
  }

  @ParameterizedTest
  @ValueSource(strings = {"se cret", "se\\ncret", "s\u00e9cret", "se\\u0000cret", "secret\\x7f"})
  void whatIsNoTokenIsNamedAndNotTold(String token) {
    assertThatThrownBy(() -> read(config("server: 'http://h'", "token: \"" + token + "\"")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("users[u].user.token holds blanks, line ends")
        .hasMessageNotContaining("cret");
  }

  @Test
  void aTokenFileThatHoldsNoTokenIsLikeNone() throws IOException {
    Path token = dir.resolve("token");
    Files.writeString(token, "one\ntwo\n");
    ApiAccess access = read(config("server: 'http://192.0.2.1'", "tokenFile: token"));

    assertThat(access.credential().header()).isEmpty();
    assertThat(access.credential().origin())
        .isEqualTo("token file " + token + " (no token can be read there)");
    Files.writeString(token, "three\n");
    assertThat(access.credential().header()).contains("Bearer three");
    assertThat(access.credential().origin()).isEqualTo("token file " + token);
    Files.writeString(token, "fo ur");
    assertThat(access.credential().header()).contains("Bearer three");
  }

  @Test
  void userAndPassword() {
    assertThat(read(config("server: 'http://h'", "username: u, password: p")).credential().header())
        .contains("Basic " + Base64.getEncoder().encodeToString("u:p".getBytes(UTF_8)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "server: 'http://h' | exec: {command: aws} | users[u].user: exec is not supported",
        "server: 'http://h' | auth-provider: {name: gcp} | auth-provider is not supported",
        "server: 'http://h' | as: root | impersonation is not supported",
        "server: 'http://' | token: t | clusters[c].cluster.server",
        "server: 'ftp://h' | token: t | clusters[c].cluster.server: \"ftp://h\" is no URL",
        "server: 'https://u:pw@h' | token: t | is no URL",
        "server: {a: b} | token: t | clusters[c].cluster.server must be a string",
        "a: b | token: t | clusters[c].cluster.server is missing",
        "server: 'https://h', certificate-authority-data: '%%%' | token: t | no PEM certificate",
        "server: 'https://h', certificate-authority-data: 'aGk=' | token: t | certificate-authority-data holds no PEM certificate",
        "server: 'https://h', certificate-authority: nope | token: t | nope does not exist",
        "server: 'https://h' | client-certificate: x | client-certificate and client-key go together",
        "server: 'https://h', insecure-skip-tls-verify: maybe | token: t | insecure-skip-tls-verify must be true or false",
        "server: 'https://h', insecure-skip-tls-verify: true, certificate-authority: x | token: t | exclude each other",
        "server: 'http://h', proxy-url: 'socks5://p' | token: t | clusters[c].cluster.proxy-url",
      })
  void whatCannotBeUsedIsNamed(String cluster, String user, String message) {
    assertThatThrownBy(() -> read(config(cluster, user)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("kubeconfig")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\" | is empty, not a mapping",
        "[a, b] | not a mapping",
        "a: [ | is no YAML",
        "a: !!java.lang.Runtime {} | kubeconfig",
        "current-context: x | contexts is missing",
        "{current-context: x, contexts: [{name: y}]} | contexts has no entry named \"x\"",
        "{current-context: x, contexts: [{name: x}]} | contexts[x].context is missing",
        "{contexts: []} | has no current-context",
        "{current-context: x, contexts: [{name: x, context: {cluster: c}}], clusters: [7]} | clusters has no entry named \"c\"",
      })
  void brokenFilesAreNamed(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aFileThatIsNoneIsNamed() {
    Options.Kubernetes options =
        new Options.Kubernetes(true, "", "p.q", "/proc", Path.of("/x"), true);

    assertThatThrownBy(() -> ApiAccess.of(options, Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("kubeconfig cannot be read: /proc: Is a directory");
  }

  @Test
  void aMissingFileIsNamed() {
    Options.Kubernetes options =
        new Options.Kubernetes(true, "", "p.q", "/nonexistent", Path.of("/x"), true);

    assertThatThrownBy(() -> ApiAccess.of(options, Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("kubeconfig cannot be read: /nonexistent: no such file or directory");
  }

  @Test
  void outsideAPodSomethingMustNameTheServer() {
    Options.Kubernetes options = new Options.Kubernetes(true, "", "p.q", "", Path.of("/x"), true);

    assertThatThrownBy(() -> ApiAccess.of(options, Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("not in a pod", "--kubeconfig-file", "--kube-api-url");
  }

  @Test
  void inAPodTheServiceAccountCounts() throws IOException {
    Map<String, String> pod =
        Map.of("KUBERNETES_SERVICE_HOST", "fd00::1", "KUBERNETES_SERVICE_PORT", "443");

    assertThatThrownBy(() -> ApiAccess.inCluster(pod, dir))
        .hasMessageContaining("No service account token at " + dir.resolve("token"));
    Files.writeString(dir.resolve("token"), "t");
    assertThatThrownBy(() -> ApiAccess.inCluster(pod, dir))
        .hasMessageContaining("ca.crt does not exist");
  }
}
