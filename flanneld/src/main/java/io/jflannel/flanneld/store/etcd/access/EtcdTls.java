// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Whom we trust and who we are. A CA file works alone (ODD-15); without one the system's
 * authorities count, and {@code SSL_CERT_FILE} replaces them (ETC-6).
 */
public final class EtcdTls {

  /** Where distributions keep their authorities; the JDK's own are the last resort. */
  private static final List<String> SYSTEM_BUNDLES =
      List.of(
          "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/ca-bundle.pem",
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/etc/ssl/cert.pem");

  private final TrustManager[] trust;
  private final String trustSource;
  private final Optional<ClientIdentity> identity;

  private EtcdTls(TrustManager[] trust, String trustSource, Optional<ClientIdentity> identity) {
    this.trust = trust;
    this.trustSource = trustSource;
    this.identity = identity;
  }

  static EtcdTls read(Options.Etcd options, boolean certificatePair) {
    Optional<ClientIdentity> identity =
        certificatePair
            ? Optional.of(new ClientIdentity(options.certFile(), options.keyFile()))
            : Optional.empty();
    if (!options.caFile().isEmpty()) {
      PemFile file = PemFile.read(options.caFile(), "--etcd-cafile");
      return new EtcdTls(trust(file.certificates()), options.caFile(), identity);
    }
    return system(identity);
  }

  private static EtcdTls system(Optional<ClientIdentity> identity) {
    String named = Optional.ofNullable(System.getenv("SSL_CERT_FILE")).orElse("");
    if (!named.isEmpty()) {
      return new EtcdTls(
          trust(PemFile.read(named, "SSL_CERT_FILE").certificates()), named, identity);
    }
    for (String bundle : SYSTEM_BUNDLES) {
      if (Files.isReadable(Path.of(bundle))) {
        return new EtcdTls(trust(PemFile.read(bundle, "system").certificates()), bundle, identity);
      }
    }
    return new EtcdTls(managers(null), "the JDK's authorities", identity);
  }

  private static TrustManager[] trust(List<X509Certificate> authorities) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (int i = 0; i < authorities.size(); i++) {
        store.setCertificateEntry("ca-" + i, authorities.get(i));
      }
      return managers(store);
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException("TLS for etcd cannot be set up: " + e);
    }
  }

  private static TrustManager[] managers(@Nullable KeyStore store) {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory.getTrustManagers();
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS for etcd cannot be set up: " + e);
    }
  }

  public TrustManager[] trustManagers() {
    return trust.clone();
  }

  /** Empty without a client certificate. */
  public KeyManager[] keyManagers() {
    return identity.stream().toArray(KeyManager[]::new);
  }

  /** For {@code java.net.http} and sockets. */
  public SSLContext context() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keyManagers(), trust, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS for etcd cannot be set up: " + e);
    }
  }

  /** The file that says whom we trust. */
  String trustSource() {
    return trustSource;
  }

  /** What to say if the server does not accept us. */
  String identityHint() {
    return identity
        .map(ClientIdentity::hint)
        .orElse("none is configured: --etcd-certfile and --etcd-keyfile");
  }
}
