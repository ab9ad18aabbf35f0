// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.tls.Tls;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * The API server and how to speak to it.
 *
 * @param server scheme, host, port and perhaps a path
 * @param tls present if the scheme is https
 * @param proxy where connections go first
 * @param inCluster whether the server is the service {@code kubernetes}, which kube-proxy provides
 */
public record ApiAccess(
    URI server,
    Optional<ServerTls> tls,
    Credential credential,
    Optional<Proxy> proxy,
    boolean inCluster) {

  /** For messages. */
  static final String FLAG = "Invalid kube-api-url option";

  /** Of every pod. */
  public static final Path SERVICE_ACCOUNT =
      Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  /**
   * TLS with the server.
   *
   * @param name that the server's certificate must have, if it is not the URL's host
   */
  public record ServerTls(SSLContext context, Tls material, Optional<String> name) {}

  /** An HTTP proxy. */
  public record Proxy(String host, int port) {}

  /**
   * The table of 8.1. Reads files; nothing is sent.
   *
   * @param environment of the process
   * @throws ConfigException naming the file, the field or the flag that cannot be used
   */
  public static ApiAccess of(Options.Kubernetes options, Map<String, String> environment) {
    Optional<String> url = Optional.of(options.apiUrl()).filter(text -> !text.isEmpty());
    Optional<Path> kubeconfig =
        Optional.of(options.kubeconfigFile()).filter(text -> !text.isEmpty()).map(Path::of);
    ApiAccess found;
    if (kubeconfig.isPresent()) {
      found = Kubeconfig.read(kubeconfig.get(), url);
    } else if (url.isPresent()) {
      URI server = server(url.get(), "http", FLAG);
      found =
          new ApiAccess(
              server, ServerTrust.system(server), new Credential.None(), Optional.empty(), false);
    } else {
      found = inCluster(environment, SERVICE_ACCOUNT);
    }
    return found.proxy().isPresent()
        ? found
        : found.through(EnvironmentProxy.of(found.server(), environment));
  }

  private ApiAccess through(Optional<Proxy> other) {
    return new ApiAccess(server, tls, credential, other, inCluster);
  }

  /** The service {@code kubernetes} with the service account's files. */
  static ApiAccess inCluster(Map<String, String> environment, Path account) {
    String host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
    String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "");
    Path token = account.resolve("token");
    if (host.isEmpty() || port.isEmpty()) {
      throw new ConfigException(
          "No Kubernetes API server is configured: not in a pod (KUBERNETES_SERVICE_HOST and"
              + " KUBERNETES_SERVICE_PORT are not set), and neither --kubeconfig-file nor"
              + " --kube-api-url is given");
    }
    if (!Files.isReadable(token)) {
      throw new ConfigException(
          "No service account token at %s: has the pod automountServiceAccountToken: false?"
              .formatted(token));
    }
    URI server =
        server(
            "https://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port,
            "https",
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
    return new ApiAccess(
        server,
        ServerTrust.inCluster(account.resolve("ca.crt")),
        new Credential.TokenFile(token),
        Optional.empty(),
        true);
  }

  /** A server's URL. */
  static URI server(String text, String scheme, String what) {
    return HttpUrl.parse(text, scheme, what, "an API server, such as https://192.0.2.1:6443");
  }
}
