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
    /**
     * On the link {@code device}, without a gateway.
     *
     * @param mtu of the path, in bytes; 0: the link's
     */
    record Direct(String device, int mtu) implements Reach {
      public Direct(String device) {
        this(device, 0);
      }
    }

    /**
     * Through a gateway on the link {@code device}.
     *
     * @param mtu of the path, in bytes; 0: as far as is known the link's
     */
    record Gatewayed(String device, int mtu) implements Reach {
      public Gatewayed(String device) {
        this(device, 0);
      }
    }

    /** Not asked, no route, or several links: counts as not direct. */
    record Unknown() implements Reach {}

    /** Whether all packets of that length leave by one link, and fit the path behind it. */
    default boolean carries(int length, String link) {
      return switch (this) {
        case Direct(var device, var mtu) -> device.equals(link) && (mtu == 0 || length <= mtu);
        case Gatewayed(var device, var mtu) -> device.equals(link) && (mtu == 0 || length <= mtu);
        case Unknown() -> false;
      };
    }
  }
}
