// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** What a request says in its header {@code Authorization}. */
public sealed interface Credential {

  /** The header's value for the next request; empty if there is none. */
  Optional<String> header();

  /** Which it is, for messages; no secret. */
  String origin();

  /** None, or only a client certificate. */
  record None() implements Credential {
    @Override
    public Optional<String> header() {
      return Optional.empty();
    }

    @Override
    public String origin() {
      return "no token";
    }
  }

  /** A bearer token that stands in a kubeconfig. */
  record Token(String token, String origin) implements Credential {

    /**
     * Checks it.
     *
     * @throws ConfigException naming the origin if no header can carry it
     */
    public Token {
      if (!fits(token)) {
        throw new ConfigException(
            origin + " holds blanks, line ends or characters that no token has");
      }
    }

    /** RFC 9110, 5.5; a JDK that is given anything else tells the secret in its exception. */
    static boolean fits(String text) {
      return text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    @Override
    public Optional<String> header() {
      return Optional.of("Bearer " + token);
    }

    /** Without the token. */
    @Override
    public String toString() {
      return "Token[" + origin + "]";
    }
  }

  /** User and password. */
  record Basic(String user, String password, String origin) implements Credential {
    @Override
    public Optional<String> header() {
      return Optional.of(
          "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8)));
    }

    /** Without the password. */
    @Override
    public String toString() {
      return "Basic[" + user + ", " + origin + "]";
    }
  }

  /**
   * A bearer token in a file that is replaced before the token expires: read for each request,
   * which are few. A file that cannot be read, or holds no token, leaves the last one in use.
   */
  record TokenFile(Path path, AtomicReference<String> last) implements Credential {

    public TokenFile(Path path) {
      this(path, new AtomicReference<>(""));
    }

    @Override
    public Optional<String> header() {
      content().ifPresent(last::set);
      return Optional.of(last.get()).filter(token -> !token.isEmpty()).map("Bearer "::concat);
    }

    private Optional<String> content() {
      try {
        return Optional.of(Files.readString(path).strip())
            .filter(text -> !text.isEmpty() && Token.fits(text));
      } catch (IOException e) {
        return Optional.empty(); // the answer to the old token, or to none, tells more
      }
    }

    @Override
    public String origin() {
      return "token file " + path + (content().isEmpty() ? " (no token can be read there)" : "");
    }

    /** Without the token. */
    @Override
    public String toString() {
      return "TokenFile[" + path + "]";
    }
  }
}
