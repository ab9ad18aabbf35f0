// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * The keys below {@code --etcd-prefix} (spec 6.1). Directories end with a slash, so that {@code
 * subnets-old} is nobody's business (ODD-14).
 *
 * @param config full key of the network configuration
 * @param subnets full key of the directory of leases, with a trailing slash
 */
public record KeyNames(String config, String subnets) {

  /** Keys of the v3 API: a leading slash is there if the prefix has one. */
  public static KeyNames v3(String prefix) {
    String clean = clean(prefix);
    String base = clean.isEmpty() || clean.equals("/") ? clean : clean + "/";
    return new KeyNames(base + "config", base + "subnets/");
  }

  /** Keys of the v2 API: always one leading slash (7.1). */
  public static KeyNames v2(String prefix) {
    return v3("/" + prefix);
  }

  /** The directory that holds both, without a trailing slash; empty for the root. */
  public String directory() {
    return config.substring(0, Math.max(0, config.lastIndexOf('/')));
  }

  public String lease(String name) {
    return subnets + name;
  }

  /** The last segment if the key is a direct child of {@link #subnets}. */
  public Optional<String> leaseName(String key) {
    if (!key.startsWith(subnets)) {
      return Optional.empty();
    }
    String name = key.substring(subnets.length());
    return name.isEmpty() || name.indexOf('/') >= 0 ? Optional.empty() : Optional.of(name);
  }

  /** Lexical cleaning as Go's path.Clean does it, except that nothing stays nothing. */
  private static String clean(String path) {
    boolean rooted = path.startsWith("/");
    Deque<String> segments = new ArrayDeque<>();
    for (String segment : path.split("/", -1)) {
      switch (segment) {
        case "", "." -> {}
        case ".." -> {
          if (!segments.isEmpty() && !segments.getLast().equals("..")) {
            segments.removeLast();
          } else if (!rooted) {
            segments.addLast(segment);
          }
        }
        default -> segments.addLast(segment);
      }
    }
    return (rooted ? "/" : "") + String.join("/", segments);
  }
}
