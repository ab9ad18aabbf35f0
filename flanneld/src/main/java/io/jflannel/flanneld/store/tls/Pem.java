// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.tls;

import io.jflannel.flanneld.config.ConfigException;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PEM text (RFC 7468), read by ourselves so that each error names its source.
 *
 * @param where the source, for messages
 */
public record Pem(String where, List<Block> blocks) {

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  /** A decoded section; {@code headers} tells whether lines like {@code Proc-Type:} came first. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Block(String type, byte[] der, boolean headers) {}

  /**
   * Decodes.
   *
   * @param where names the source in messages
   */
  static Pem of(String where, String text) {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(text);
    while (matcher.find()) {
      String body = matcher.group(2);
      boolean headers = body.indexOf(':') >= 0;
      try {
        byte[] der = headers ? new byte[0] : Base64.getMimeDecoder().decode(body);
        blocks.add(new Block(matcher.group(1), der, headers));
      } catch (IllegalArgumentException e) {
        throw new ConfigException(
            "%s holds a %s that is not Base64".formatted(where, matcher.group(1)));
      }
    }
    return new Pem(where, blocks);
  }

  /** All certificates in order; at least one. */
  List<X509Certificate> certificates() {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks) {
      if (block.type().endsWith("CERTIFICATE")) {
        certificates.add(certificate(block));
      }
    }
    if (certificates.isEmpty()) {
      throw problem("holds no PEM certificate (\"-----BEGIN CERTIFICATE-----\")");
    }
    return certificates;
  }

  private X509Certificate certificate(Block block) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(block.der()));
    } catch (CertificateException e) {
      throw problem("holds a broken certificate: " + e.getMessage());
    }
  }

  /** The first private key. */
  java.security.PrivateKey privateKey() {
    for (Block block : blocks) {
      if (block.type().endsWith("PRIVATE KEY")) {
        try {
          return PrivateKeyDer.decode(block);
        } catch (GeneralSecurityException e) {
          throw problem("holds a private key that cannot be used: " + e.getMessage());
        }
      }
    }
    throw problem("holds no PEM private key");
  }

  ConfigException problem(String what) {
    return new ConfigException(where + " " + what);
  }
}
