// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.tls;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Private keys in the three forms that PEM files of etcd clusters hold: PKCS#8 (RFC 5958), PKCS#1
 * RSA (RFC 8017, A.1.2) and SEC1 EC (RFC 5915). Java reads only the first, so the others are
 * wrapped into it.
 */
final class PrivateKeyDer {

  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;
  private static final int EC_PARAMETERS = 0xa0;

  /** INTEGER 0: the version of PrivateKeyInfo. */
  private static final byte[] VERSION = {2, 1, 0};

  /** AlgorithmIdentifier { rsaEncryption 1.2.840.113549.1.1.1, NULL }. */
  private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");

  /** OBJECT IDENTIFIER id-ecPublicKey 1.2.840.10045.2.1. */
  private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");

  private PrivateKeyDer() {}

  static PrivateKey decode(Pem.Block block) throws GeneralSecurityException {
    if (block.headers() || block.type().startsWith("ENCRYPTED")) {
      throw new InvalidKeyException(
          "it is encrypted; decrypt it with: openssl pkey -in KEY -out PLAIN");
    }
    return switch (block.type()) {
      case "PRIVATE KEY" -> pkcs8(block.der());
      case "RSA PRIVATE KEY" -> factory("RSA", wrap(RSA, block.der()));
      case "EC PRIVATE KEY" ->
          factory("EC", wrap(der(SEQUENCE, join(EC, curve(block.der()))), block.der()));
      default -> throw new InvalidKeyException("its kind is " + block.type());
    };
  }

  private static PrivateKey pkcs8(byte[] der) throws GeneralSecurityException {
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return factory(algorithm, der);
      } catch (InvalidKeySpecException e) {
        // another algorithm
      }
    }
    throw new InvalidKeyException("it is neither RSA nor EC nor EdDSA");
  }

  private static PrivateKey factory(String algorithm, byte[] der) throws GeneralSecurityException {
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  private static byte[] wrap(byte[] algorithm, byte[] key) {
    return der(SEQUENCE, join(VERSION, algorithm, der(OCTET_STRING, key)));
  }

  /** The named curve inside ECPrivateKey: the content of its element [0]. */
  private static byte[] curve(byte[] key) throws InvalidKeyException {
    try {
      int at = contentOf(key, 0);
      while (at < key.length) {
        int content = contentOf(key, at);
        int end = content + lengthAt(key, at);
        if ((key[at] & 0xff) == EC_PARAMETERS) {
          return Arrays.copyOfRange(key, content, end);
        }
        at = end;
      }
    } catch (ArrayIndexOutOfBoundsException e) {
      throw new InvalidKeyException("it is cut short", e);
    }
    throw new InvalidKeyException("it names no curve");
  }

  private static int contentOf(byte[] der, int at) {
    int first = der[at + 1] & 0xff;
    return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
  }

  private static int lengthAt(byte[] der, int at) {
    int first = der[at + 1] & 0xff;
    if (first < 0x80) {
      return first;
    }
    int length = 0;
    for (int i = 0; i < (first & 0x7f); i++) {
      length = length << 8 | der[at + 2 + i] & 0xff;
    }
    return length & 0xff_ffff;
  }

  private static byte[] der(int tag, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = content.length;
    if (length < 0x80) {
      out.write(length);
    } else if (length < 0x100) {
      out.write(0x81);
      out.write(length);
    } else {
      out.write(0x82);
      out.write(length >> 8);
      out.write(length);
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
