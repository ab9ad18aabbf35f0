// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.log.Reasons;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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
 * A PEM file (RFC 7468), read by ourselves so that each error names the file.
 *
 * @param flag the flag that named it, for messages
 */
record PemFile(Path path, String flag, List<Block> blocks) {

  /** The usual bundle of all public authorities has 0.3 MB. */
  private static final long LARGEST = 16 << 20;

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  /** A decoded section; {@code headers} tells whether lines like {@code Proc-Type:} came first. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Block(String type, byte[] der, boolean headers) {}

  static PemFile read(String file, String flag) {
    Path path = Path.of(file);
    String text;
    try {
      // a pipe or a device may never end
      if (Files.exists(path) && !(Files.isRegularFile(path) && Files.size(path) <= LARGEST)) {
        throw new ConfigException(
            "%s: %s must be a file of at most %d bytes".formatted(flag, file, LARGEST));
      }
      text = Files.readString(path, ISO_8859_1);
    } catch (NoSuchFileException e) {
      throw new ConfigException("%s: file %s does not exist".formatted(flag, file));
    } catch (IOException e) {
      throw new ConfigException(
          "%s: file %s cannot be read: %s".formatted(flag, file, Reasons.of(e)));
    }
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
            "%s: file %s holds a %s that is not Base64".formatted(flag, file, matcher.group(1)));
      }
    }
    return new PemFile(path, flag, blocks);
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
    return new ConfigException("%s: file %s %s".formatted(flag, path, what));
  }
}
