// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.tls;

import io.jflannel.flanneld.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** The authorities whose certificates are believed. */
public final class Trust {

  /** Where distributions keep their authorities; the JDK's own are the last resort. */
  private static final List<String> SYSTEM_BUNDLES =
      List.of(
          "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/ca-bundle.pem",
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/etc/ssl/cert.pem");

  private final TrustManager[] managers;
  private final String source;

  private Trust(TrustManager[] managers, String source) {
    this.managers = managers;
    this.source = source;
  }

  /**
   * Those of one source alone.
   *
   * @throws ConfigException naming the source if it holds no certificate
   */
  public static Trust of(PemSource source) {
    return new Trust(trust(source.read().certificates()), source.label());
  }

  /** The system's; {@code SSL_CERT_FILE} replaces them. */
  public static Trust system() {
    String named = Optional.ofNullable(System.getenv("SSL_CERT_FILE")).orElse("");
    if (!named.isEmpty()) {
      return of(new PemSource.File(named, "SSL_CERT_FILE"));
    }
    for (String bundle : SYSTEM_BUNDLES) {
      if (Files.isReadable(Path.of(bundle))) {
        return of(new PemSource.File(bundle, "system"));
      }
    }
    return new Trust(managers(null), "the JDK's authorities");
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
      throw new ConfigException("TLS cannot be set up: " + e);
    }
  }

  private static TrustManager[] managers(@Nullable KeyStore store) {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory.getTrustManagers();
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS cannot be set up: " + e);
    }
  }

  TrustManager[] managers() {
    return managers.clone();
  }

  /** The file that says whom we trust. */
  String source() {
    return source;
  }
}
