// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.json.JsonException;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** The backends by the names of {@code Backend.Type} (backends.md 1.1), in any letter case. */
public final class Backends {

  private static final List<String> AVAILABLE = List.of(Vxlan.TYPE, HostGw.TYPE, Udp.TYPE);
  private static final List<String> LATER =
      List.of("ipip", "wireguard", "ipsec", "extension", "alloc", "tencent-vpc");

  private Backends() {}

  /**
   * The backend that the configuration names.
   *
   * @param tun makes the TUN device of the backend udp, if that is named, and answers its name
   * @throws ConfigException if the type is unknown or not available yet, if the Backend object is
   *     wrong, or if the backend cannot work with this interface
   */
  public static Backend of(
      NetworkConfig config, ExternalInterface external, Function<UdpConfig, String> tun) {
    String type = config.backendType().toLowerCase(Locale.ROOT);
    try {
      return switch (type) {
        case Vxlan.TYPE -> new Vxlan(config);
        case HostGw.TYPE -> new HostGw(config, external);
        case Udp.TYPE -> {
          UdpConfig udp = UdpConfig.of(config);
          yield new Udp(udp, tun.apply(udp));
        }
        default -> throw unavailable(config, type);
      };
    } catch (JsonException e) {
      throw new ConfigException(String.valueOf(e.getMessage()));
    }
  }

  private static ConfigException unavailable(NetworkConfig config, String type) {
    String available = String.join(", ", AVAILABLE);
    String written = config.backendType();
    String none = config.backend().members().isEmpty() ? " (there is no Backend.Type)" : "";
    return new ConfigException(
        LATER.contains(type)
            ? "Backend.Type: \""
                + written
                + "\""
                + none
                + " is not available yet; available: "
                + available
            : "Backend.Type: unknown backend type: \""
                + written
                + "\""
                + none
                + "; known: "
                + available
                + ", and not available yet: "
                + String.join(", ", LATER));
  }

  /** The backend udp on a node whose kernel unwraps datagrams. */
  public static Backend withKernelDecap(Backend backend) {
    return new WithKernelDecap(backend);
  }

  /** The same backend with {@code --ip-blackhole-route}. */
  public static Backend withBlackholeRoute(Backend backend) {
    return new WithBlackhole(backend);
  }
}
