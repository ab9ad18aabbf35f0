// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A certificate authority made with the openssl program. */
public final class TestCertificates {

  /** How a private key is made and written. */
  public enum Kind {
    /** "BEGIN PRIVATE KEY", elliptic curve. */
    PKCS8_EC,
    /** "BEGIN RSA PRIVATE KEY". */
    PKCS1,
    /** "BEGIN EC PRIVATE KEY". */
    SEC1
  }

  /** A certificate and its key. */
  public record Pair(Path cert, Path key) {}

  private final Path directory;
  private final Pair authority;

  public TestCertificates(Path directory) throws IOException {
    TestPrograms.needs("openssl", "openssl");
    this.directory = Files.createDirectories(directory);
    this.authority = new Pair(directory.resolve("ca.crt"), directory.resolve("ca.key"));
    openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=test authority",
        "-keyout",
        authority.key().toString(),
        "-out",
        authority.cert().toString());
  }

  public Path authority() {
    return authority.cert();
  }

  /** A server's certificate for 127.0.0.1 and localhost. */
  public Pair server(String name) throws IOException {
    return issue(name, Kind.PKCS8_EC, "subjectAltName=IP:127.0.0.1,DNS:localhost", "1");
  }

  /** One that ended yesterday. */
  public Pair expired(String name) throws IOException {
    return issue(name, Kind.PKCS8_EC, "subjectAltName=IP:127.0.0.1,DNS:localhost", "-1");
  }

  public Pair client(String name, Kind kind) throws IOException {
    return issue(name, kind, "extendedKeyUsage=clientAuth", "1");
  }

  public Pair elsewhere(String name) throws IOException {
    return issue(name, Kind.PKCS8_EC, "subjectAltName=DNS:elsewhere.example", "1");
  }

  private Pair issue(String name, Kind kind, String extension, String days) throws IOException {
    Pair pair = new Pair(directory.resolve(name + ".crt"), directory.resolve(name + ".key"));
    key(kind, pair.key());
    Path request = directory.resolve(name + ".csr");
    Path extensions = directory.resolve(name + ".ext");
    Files.writeString(extensions, extension + "\n");
    openssl(
        "req",
        "-new",
        "-key",
        pair.key().toString(),
        "-subj",
        "/CN=" + name,
        "-out",
        request.toString());
    openssl(
        "x509",
        "-req",
        "-in",
        request.toString(),
        "-CA",
        authority.cert().toString(),
        "-CAkey",
        authority.key().toString(),
        "-CAcreateserial",
        "-days",
        days,
        "-extfile",
        extensions.toString(),
        "-out",
        pair.cert().toString());
    return pair;
  }

  private static void key(Kind kind, Path file) {
    switch (kind) {
      case PKCS8_EC ->
          openssl(
              "genpkey",
              "-algorithm",
              "EC",
              "-pkeyopt",
              "ec_paramgen_curve:prime256v1",
              "-out",
              file.toString());
      case PKCS1 -> openssl("genrsa", "-traditional", "-out", file.toString(), "2048");
      case SEC1 -> openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", file.toString());
    }
  }

  private static void openssl(String... arguments) {
    List<String> command = new java.util.ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    TestPrograms.run(command, Map.of());
  }
}
