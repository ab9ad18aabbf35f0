// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.List;
import java.util.Locale;

/**
 * The data path that a tunnel uses.
 *
 * @param path as opened
 * @param fallbacks what the kernel refused, at the start or later, and what is done instead: one
 *     clause each, such as {@code "no UDP_GRO (ENOPROTOOPT): datagrams are received unjoined"}
 */
public record DatapathInUse(Datapath path, List<String> fallbacks) {

  public DatapathInUse {
    fallbacks = List.copyOf(fallbacks);
  }

  /** For a log line: {@code offload; no UDP_GRO (…): …}. */
  @Override
  public String toString() {
    String name = path.name().toLowerCase(Locale.ROOT);
    return fallbacks.isEmpty() ? name : name + "; " + String.join("; ", fallbacks);
  }
}
