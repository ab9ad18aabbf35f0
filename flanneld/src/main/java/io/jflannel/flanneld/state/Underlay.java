// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.net.Ip;
import java.util.Map;

/** How the kernel reaches peers' public addresses, as far as it was asked. */
public record Underlay(Map<Ip, Reach> reaches) {

  public static final Underlay UNASKED = new Underlay(Map.of());

  public Reach reach(Ip ip) {
    return reaches.getOrDefault(ip, new Reach.Unknown());
  }

  /** The way to one address. */
  public sealed interface Reach {
    /** On the link {@code device}, without a gateway. */
    record Direct(String device) implements Reach {}

    /** Through a gateway on the link {@code device}. */
    record Gatewayed(String device) implements Reach {}

    /** Not asked, no route, or several links: counts as not direct. */
    record Unknown() implements Reach {}

    /** Whether all packets leave by one link. */
    default boolean leavesBy(String link) {
      return switch (this) {
        case Direct(var device) -> device.equals(link);
        case Gatewayed(var device) -> device.equals(link);
        case Unknown() -> false;
      };
    }
  }
}
