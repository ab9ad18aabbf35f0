// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Endpoints;
import io.jflannel.flanneld.store.kubernetes.access.ApiAccess.ServerTls;
import io.jflannel.flanneld.store.tls.ClientIdentity;
import io.jflannel.flanneld.store.tls.PemSource;
import io.jflannel.flanneld.store.tls.Tls;
import io.jflannel.flanneld.store.tls.Trust;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * A kubeconfig's current context. Files named in it are relative to it; data win over files, as in
 * client-go. What would need another program (exec, auth-provider) is refused by name.
 */
final class Kubeconfig {

  private final YamlFields root;
  private final Path directory;

  private Kubeconfig(YamlFields root, Path directory) {
    this.root = root;
    this.directory = directory;
  }

  /**
   * Reads a file.
   *
   * @param url of {@code --kube-api-url}, used instead of the cluster's server
   */
  static ApiAccess read(Path file, Optional<String> url) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new ConfigException("kubeconfig cannot be read: " + Reasons.of(file, e));
    }
    String what = "kubeconfig " + file;
    Object document;
    try {
      document =
          new Load(LoadSettings.builder().setLabel(file.toString()).build()).loadFromString(text);
    } catch (YamlEngineException e) {
      throw new ConfigException(
          "%s is no YAML: %s".formatted(what, oneLine(String.valueOf(e.getMessage()))));
    }
    Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
    return new Kubeconfig(YamlFields.ofDocument(what, document), directory).access(url);
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\s+", " ").strip();
  }

  private ApiAccess access(Optional<String> url) {
    String current = root.text("current-context");
    if (current.isEmpty()) {
      throw root.problem("has no current-context; kubectl config use-context sets it");
    }
    YamlFields context = root.named("contexts", current).object("context");
    YamlFields cluster = root.named("clusters", context.demand("cluster")).object("cluster");
    String userName = context.text("user");
    Optional<YamlFields> user =
        userName.isEmpty()
            ? Optional.empty()
            : Optional.of(root.named("users", userName).object("user"));
    user.ifPresent(Kubeconfig::refuseWhatNeedsPrograms);
    Credential credential = user.map(this::credential).orElse(new Credential.None());
    String text = url.orElseGet(() -> cluster.demand("server"));
    String what = url.isPresent() ? ApiAccess.FLAG : cluster.where("server");
    boolean secure = hasTls(cluster, user);
    if (!secure && !HttpUrl.hasScheme(text) && !(credential instanceof Credential.None)) {
      throw new ConfigException(
          ("%s: \"%s\" has no scheme: write https://, or http:// if %s shall be sent without"
                  + " encryption")
              .formatted(what, Endpoints.masked(text), credential.origin()));
    }
    URI server = ApiAccess.server(text, secure ? "https" : "http", what);
    String proxy = cluster.text("proxy-url");
    return new ApiAccess(
        server,
        "https".equals(server.getScheme()) ? Optional.of(tls(cluster, user)) : Optional.empty(),
        credential,
        proxy.isEmpty()
            ? Optional.empty()
            : Optional.of(EnvironmentProxy.parse(proxy, cluster.where("proxy-url"))),
        false);
  }

  /** Whether a URL without a scheme is https, as client-go has it. */
  private static boolean hasTls(YamlFields cluster, Optional<YamlFields> user) {
    return cluster.flag("insecure-skip-tls-verify")
        || cluster.has("certificate-authority")
        || cluster.has("certificate-authority-data")
        || user.filter(u -> u.has("client-certificate") || u.has("client-certificate-data"))
            .isPresent();
  }

  private static void refuseWhatNeedsPrograms(YamlFields user) {
    for (String name : new String[] {"exec", "auth-provider"}) {
      if (user.has(name)) {
        throw user.problem(
            name
                + " is not supported: a daemon must not depend on another program for its login;"
                + " use a token, a tokenFile or a client certificate");
      }
    }
    if (user.has("as") || user.has("as-groups")) {
      throw user.problem("as: impersonation is not supported; use that user's own credentials");
    }
  }

  private ServerTls tls(YamlFields cluster, Optional<YamlFields> user) {
    Optional<ClientIdentity> identity = user.flatMap(this::identity);
    Optional<PemSource> authorities =
        pem(cluster, "certificate-authority-data", "certificate-authority");
    if (cluster.flag("insecure-skip-tls-verify")) {
      if (authorities.isPresent()) { // client-go refuses this as well
        throw cluster.problem(
            "insecure-skip-tls-verify and certificate-authority exclude each other");
      }
      return ServerTrust.unchecked(identity);
    }
    Tls tls =
        new Tls(
            authorities.map(Trust::of).orElseGet(Trust::system),
            identity,
            "client-certificate and client-key in the kubeconfig");
    String name = cluster.text("tls-server-name");
    return name.isEmpty() ? ServerTrust.checked(tls) : ServerTrust.named(tls, name);
  }

  private Optional<ClientIdentity> identity(YamlFields user) {
    Optional<PemSource> certificate = pem(user, "client-certificate-data", "client-certificate");
    Optional<PemSource> key = pem(user, "client-key-data", "client-key");
    if (certificate.isPresent() != key.isPresent()) {
      throw user.problem("client-certificate and client-key go together");
    }
    return certificate.map(cert -> new ClientIdentity(cert, key.orElseThrow()));
  }

  private Optional<PemSource> pem(YamlFields fields, String data, String file) {
    Optional<String> text = fields.base64(data);
    if (text.isPresent()) {
      return Optional.of(new PemSource.Text(text.get(), fields.where(data)));
    }
    String path = fields.text(file);
    return path.isEmpty()
        ? Optional.empty()
        : Optional.of(new PemSource.File(directory.resolve(path).toString(), fields.where(file)));
  }

  private Credential credential(YamlFields user) {
    String file = user.text("tokenFile");
    if (!file.isEmpty()) {
      return new Credential.TokenFile(directory.resolve(file));
    }
    String token = user.text("token").strip();
    if (!token.isEmpty()) {
      return new Credential.Token(token, user.where("token"));
    }
    String name = user.text("username");
    return name.isEmpty()
        ? new Credential.None()
        : new Credential.Basic(name, user.text("password"), user.where("username"));
  }
}
