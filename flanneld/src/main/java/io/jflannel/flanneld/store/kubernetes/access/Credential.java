// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import static java.nio.charset.StandardCharsets.UTF_8;

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
   * which are few. A file that cannot be read leaves the last token in use.
   */
  record TokenFile(Path path, AtomicReference<String> last) implements Credential {

    public TokenFile(Path path) {
      this(path, new AtomicReference<>(""));
    }

    @Override
    public Optional<String> header() {
      try {
        String text = Files.readString(path).strip();
        if (!text.isEmpty()) {
          last.set(text);
        }
      } catch (IOException e) {
        // the answer to the old token, or to none, tells more
      }
      return Optional.of(last.get()).filter(token -> !token.isEmpty()).map("Bearer "::concat);
    }

    @Override
    public String origin() {
      return "token file " + path;
    }

    /** Without the token. */
    @Override
    public String toString() {
      return "TokenFile[" + path + "]";
    }
  }
}
