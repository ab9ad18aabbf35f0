// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.tls;

import io.jflannel.flanneld.config.ConfigException;
import java.net.Socket;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The client certificate and its key. A renewed pair of files is taken over at the next handshake,
 * as upstream's client does; a broken one is not, and the former stays in use.
 */
public final class ClientIdentity extends X509ExtendedKeyManager {

  private static final String ALIAS = "client";

  private final PemSource cert;
  private final PemSource key;
  private volatile Loaded loaded;

  private record Loaded(
      List<X509Certificate> chain, PrivateKey key, FileTime certTime, FileTime keyTime) {}

  /**
   * Reads both.
   *
   * @throws ConfigException naming the source that cannot be used
   */
  public ClientIdentity(PemSource cert, PemSource key) {
    this.cert = cert;
    this.key = key;
    this.loaded = load();
  }

  private Loaded load() {
    Loaded fresh =
        new Loaded(
            cert.read().certificates(), key.read().privateKey(), cert.changed(), key.changed());
    if (!belongTogether(fresh.chain().getFirst().getPublicKey(), fresh.key())) {
      throw new ConfigException(
          "%s and %s do not belong together: the key is not the certificate's"
              .formatted(cert.name(), key.name()));
    }
    return fresh;
  }

  private static boolean belongTogether(PublicKey open, PrivateKey secret) {
    String algorithm =
        switch (secret.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> secret.getAlgorithm();
        };
    byte[] probe = {1, 2, 3};
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(secret);
      signature.update(probe);
      byte[] signed = signature.sign();
      signature.initVerify(open);
      signature.update(probe);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false; // keys of different kinds
    }
  }

  private Loaded current() {
    Loaded now = loaded;
    if (!cert.changed().equals(now.certTime()) || !key.changed().equals(now.keyTime())) {
      try {
        now = load();
        loaded = now;
      } catch (ConfigException e) {
        return now; // half written, or wrong: the next handshake looks again
      }
    }
    return now;
  }

  /** What an operator should look at if the server refuses this certificate. */
  String hint() {
    Instant end = loaded.chain().getFirst().getNotAfter().toInstant();
    return end.isBefore(Instant.now())
        ? "%s expired on %s".formatted(cert.label(), end)
        : "%s, issued by %s"
            .formatted(cert.label(), loaded.chain().getFirst().getIssuerX500Principal().getName());
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return List.of(keyTypes).contains(current().key().getAlgorithm()) ? ALIAS : null;
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return chooseClientAlias(keyTypes, issuers, null);
  }

  @Override
  public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return new String[] {ALIAS};
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return loaded.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return loaded.key();
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
