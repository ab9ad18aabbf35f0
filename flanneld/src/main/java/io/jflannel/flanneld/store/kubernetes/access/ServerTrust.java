// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.store.kubernetes.access.ApiAccess.ServerTls;
import io.jflannel.flanneld.store.tls.ClientIdentity;
import io.jflannel.flanneld.store.tls.PemSource;
import io.jflannel.flanneld.store.tls.Tls;
import io.jflannel.flanneld.store.tls.Trust;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/** How the server's certificate is checked: as usual, for another name, or not at all. */
final class ServerTrust {

  private ServerTrust() {}

  /** The system's authorities, no client certificate. */
  static Optional<ServerTls> system(URI server) {
    return "https".equals(server.getScheme())
        ? Optional.of(checked(new Tls(Trust.system(), Optional.empty(), "")))
        : Optional.empty();
  }

  static Optional<ServerTls> inCluster(Path authorities) {
    Trust trust = Trust.of(new PemSource.File(authorities.toString(), "service account"));
    return Optional.of(checked(new Tls(trust, Optional.empty(), "")));
  }

  static ServerTls checked(Tls tls) {
    return new ServerTls(tls.context(), tls, Optional.empty());
  }

  /** {@code tls-server-name}: the certificate must be for {@code name}, not for the URL's host. */
  static ServerTls named(Tls tls, String name) {
    X509TrustManager chain =
        (X509TrustManager)
            List.of(tls.trustManagers()).stream()
                .filter(X509TrustManager.class::isInstance)
                .findFirst()
                .orElseThrow();
    return new ServerTls(context(tls, new ForName(chain, name)), tls, Optional.of(name));
  }

  /** {@code insecure-skip-tls-verify}. */
  static ServerTls unchecked(Optional<ClientIdentity> identity) {
    Tls tls = new Tls(Trust.system(), identity, "");
    return new ServerTls(context(tls, new Anyone()), tls, Optional.empty());
  }

  private static SSLContext context(Tls tls, TrustManager trust) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(tls.keyManagers(), new TrustManager[] {trust}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS cannot be set up: " + e);
    }
  }

  /** The JDK checks the host's name in the trust manager: whoever replaces that decides. */
  private abstract static class Replaced extends X509ExtendedTrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("we are no server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private static final class Anyone extends Replaced {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}
  }

  private static final class ForName extends Replaced {
    private static final int DNS = 2; // GeneralName, RFC 5280, 4.2.1.6
    private static final int ADDRESS = 7;

    private final X509TrustManager chainOnly;
    private final String name;

    ForName(X509TrustManager chainOnly, String name) {
      this.chainOnly = chainOnly;
      this.name = name.toLowerCase(Locale.ROOT);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      chainOnly.checkServerTrusted(chain, type);
      Collection<List<?>> names = chain[0].getSubjectAlternativeNames();
      if (names == null || names.stream().noneMatch(this::matches)) {
        throw new CertificateException("No subject alternative names matching " + name + " found");
      }
    }

    private boolean matches(List<?> alternative) {
      if (!(alternative.get(0) instanceof Integer kind)
          || !(alternative.get(1) instanceof String text)) {
        return false;
      }
      String lower = text.toLowerCase(Locale.ROOT);
      return kind == ADDRESS && lower.equals(name)
          || kind == DNS && (lower.equals(name) || coversByStar(lower));
    }

    /** RFC 6125, 6.4.3: a star stands for the whole first label. */
    private boolean coversByStar(String pattern) {
      int dot = name.indexOf('.');
      return pattern.startsWith("*.")
          && dot > 0
          && name.substring(dot).equals(pattern.substring(1));
    }
  }
}
