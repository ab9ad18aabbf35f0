// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the command line and {@code FLANNELD_*} say (spec section 1), parsed and checked. Empty text
 * means "not given", as upstream has it.
 *
 * @param ifaces {@code --iface} values in order; an empty one means the default route
 * @param ifaceRegexes {@code --iface-regex} values in order
 * @param renewMargin {@code --subnet-lease-renew-margin}
 * @param resync {@code --iptables-resync}, at least one second (ODD-4)
 * @param localStore {@code --local-store} (ours)
 * @param statusFile {@code --status-file} (ours); absent: {@code status.json} beside the subnet
 *     file
 * @param cni {@code --cni-template} and {@code --cni-output} (ours)
 */
public record Options(
    Etcd etcd,
    Kubernetes kubernetes,
    Health health,
    List<String> ifaces,
    List<String> ifaceRegexes,
    String ifaceCanReach,
    Path subnetFile,
    String publicIp,
    String publicIpv6,
    Duration renewMargin,
    Traffic traffic,
    Duration resync,
    boolean ipBlackholeRoute,
    int verbosity,
    LogFormat logFormat,
    Optional<Path> localStore,
    OnLeaseLost onLeaseLost,
    Optional<Path> statusFile,
    NexthopObjects nexthopObjects,
    UdpDatapath udpDatapath,
    Optional<Cni> cni) {

  public Options {
    ifaces = List.copyOf(ifaces);
    ifaceRegexes = List.copyOf(ifaceRegexes);
  }

  /**
   * Flags of the etcd stores.
   *
   * @param endpoints split on commas, not trimmed
   * @param prefix {@code --etcd-prefix}
   */
  public record Etcd(
      List<String> endpoints,
      String prefix,
      String keyFile,
      String certFile,
      String caFile,
      String username,
      String password,
      EtcdApi api) {

    public Etcd {
      endpoints = List.copyOf(endpoints);
    }

    /** Without the password, also that of an endpoint's user (ODD-3, P37). */
    @Override
    public String toString() {
      return "Etcd[endpoints=%s, prefix=%s, keyFile=%s, certFile=%s, caFile=%s, username=%s, api=%s]"
          .formatted(Endpoints.masked(endpoints), prefix, keyFile, certFile, caFile, username, api);
    }
  }

  /** Flags of the Kubernetes store. */
  public record Kubernetes(
      boolean enabled,
      String apiUrl,
      String annotationPrefix,
      String kubeconfigFile,
      Path netConfigPath,
      boolean setNodeNetworkUnavailable) {

    /** Without a user and password in the URL. */
    @Override
    public String toString() {
      return "Kubernetes[enabled=%s, apiUrl=%s, annotationPrefix=%s, kubeconfigFile=%s,"
              .formatted(enabled, Endpoints.masked(apiUrl), annotationPrefix, kubeconfigFile)
          + " netConfigPath=%s, setNodeNetworkUnavailable=%s]"
              .formatted(netConfigPath, setNodeNetworkUnavailable);
    }
  }

  /**
   * The traffic rules.
   *
   * @param masquerade {@code --ip-masq}
   * @param fullyRandom not {@code --ip-masq-fully-random-disable}
   * @param forward {@code --iptables-forward-rules}
   * @param instance {@code --instance} (ours), appended to the names of chains, tables and comments
   * @param mode {@code --iptables-mode} (ours)
   * @param bridgeNetfilter {@code --bridge-netfilter} (ours)
   */
  public record Traffic(
      boolean masquerade,
      boolean fullyRandom,
      boolean forward,
      Optional<String> instance,
      IptablesMode mode,
      BridgeNetfilter bridgeNetfilter) {}

  /**
   * The CNI configuration that the daemon renders (ours).
   *
   * @param template a network configuration that names the plugin {@code flannel}
   * @param output where the same goes with what {@code flannel} would delegate to
   */
  public record Cni(Path template, Path output) {}

  /**
   * The health server.
   *
   * @param port 0 or below: none
   */
  public record Health(String ip, int port) {}

  /** {@code --etcd-api} (ours). */
  public enum EtcdApi {
    AUTO,
    V2,
    V3
  }

  /** {@code --iptables-mode} (ours): which of the two iptables; auto: the one the host uses. */
  public enum IptablesMode {
    AUTO,
    NFT,
    LEGACY
  }

  /** {@code --bridge-netfilter} (ours): what to do if bridged packets do not pass iptables. */
  public enum BridgeNetfilter {
    REQUIRE,
    WARN
  }

  /** {@code --log-format} (ours). */
  public enum LogFormat {
    KLOG,
    JSON
  }

  /** {@code --on-lease-lost} (ours). */
  public enum OnLeaseLost {
    FOLLOW,
    EXIT
  }

  /**
   * {@code --udp-datapath} (ours): how the backend udp carries packets; auto: the best there is.
   */
  public enum UdpDatapath {
    AUTO,
    EBPF,
    OFFLOAD,
    BATCH,
    SINGLE;

    /** The word of the command line. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** {@code --nexthop-objects} (ours). */
  public enum NexthopObjects {
    AUTO,
    NEVER
  }
}
