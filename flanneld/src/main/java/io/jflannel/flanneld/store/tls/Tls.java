// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.tls;

import io.jflannel.flanneld.config.ConfigException;
import java.security.GeneralSecurityException;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/**
 * Whom we trust and who we are.
 *
 * @param noIdentity how a client certificate would be configured, for hints
 */
public record Tls(Trust trust, Optional<ClientIdentity> identity, String noIdentity) {

  public TrustManager[] trustManagers() {
    return trust.managers();
  }

  /** Empty without a client certificate. */
  public KeyManager[] keyManagers() {
    return identity.stream().toArray(KeyManager[]::new);
  }

  /** For {@code java.net.http} and sockets. */
  public SSLContext context() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keyManagers(), trustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS cannot be set up: " + e);
    }
  }

  /** What to say if the server does not accept us. */
  String identityHint() {
    return identity
        .map(ClientIdentity::hint)
        .orElse("none is configured" + (noIdentity.isEmpty() ? "" : ": " + noIdentity));
  }
}
