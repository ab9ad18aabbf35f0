// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.iface.InterfaceSelection;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Well-formed flag values made into options that can be used. */
final class OptionsReader {

  private static final int MAX_MARGIN = 1439; // CLI-9
  private static final int MAX_PORT = 65535;

  private OptionsReader() {}

  /**
   * @throws ConfigException on a value that no daemon can run with; its message names the flag
   */
  static Options read(FlagValues values) {
    // CLI-9 first: upstream checks nothing else here, and scripts know its message
    Duration margin = margin(values.integer("subnet-lease-renew-margin"));
    oneStore(values);
    interfaces(values);
    return new Options(
        etcd(values),
        kubernetes(values),
        health(values),
        values.texts("iface"),
        values.texts("iface-regex"),
        values.text("iface-can-reach"),
        path(values, "subnet-file")
            .orElseThrow(() -> new ConfigException("Invalid subnet-file option: it is empty")),
        address(values, "public-ip", Family.V4),
        address(values, "public-ipv6", Family.V6),
        margin,
        traffic(values),
        resync(values.integer("iptables-resync")),
        values.bool("ip-blackhole-route"),
        values.level("v"),
        values.choice("log-format", Options.LogFormat.class),
        path(values, "local-store"),
        values.choice("on-lease-lost", Options.OnLeaseLost.class),
        path(values, "status-file"),
        values.choice("nexthop-objects", Options.NexthopObjects.class),
        values.choice("udp-datapath", Options.UdpDatapath.class),
        cni(values));
  }

  private static void oneStore(FlagValues values) {
    if (values.bool("kube-subnet-mgr") && !values.text("local-store").isEmpty()) {
      throw new ConfigException(
          "Flags -kube-subnet-mgr and -local-store name two stores; give one of them");
    }
  }

  /** Runtimes take a file for a list of plugins by its name. */
  private static Optional<Options.Cni> cni(FlagValues values) {
    Optional<Path> template = path(values, "cni-template");
    Optional<Path> output = path(values, "cni-output");
    if (template.isEmpty() && output.isEmpty()) {
      return Optional.empty();
    }
    if (template.isEmpty() || output.isEmpty()) {
      throw new ConfigException(
          "Flags -cni-template and -cni-output belong together; give both or none");
    }
    if (!output.get().toString().endsWith(".conflist")) {
      throw new ConfigException(
          "Invalid cni-output option: "
              + GoText.quote(output.get().toString())
              + " does not end in .conflist; a list of plugins is written, and container runtimes"
              + " read it as such by its name only");
    }
    if (template
        .get()
        .toAbsolutePath()
        .normalize()
        .equals(output.get().toAbsolutePath().normalize())) {
      throw new ConfigException("Invalid cni-output option: it is the file -cni-template names");
    }
    return Optional.of(new Options.Cni(template.get(), output.get()));
  }

  private static Options.Etcd etcd(FlagValues values) {
    return new Options.Etcd(
        List.of(values.text("etcd-endpoints").split(",", -1)),
        values.text("etcd-prefix"),
        values.text("etcd-keyfile"),
        values.text("etcd-certfile"),
        values.text("etcd-cafile"),
        values.text("etcd-username"),
        values.text("etcd-password"),
        values.choice("etcd-api", Options.EtcdApi.class));
  }

  private static Options.Kubernetes kubernetes(FlagValues values) {
    return new Options.Kubernetes(
        values.bool("kube-subnet-mgr"),
        values.text("kube-api-url"),
        values.text("kube-annotation-prefix"),
        values.text("kubeconfig-file"),
        path(values, "net-config-path").orElse(Path.of("")),
        values.bool("set-node-network-unavailable"));
  }

  private static Options.Traffic traffic(FlagValues values) {
    return new Options.Traffic(
        values.bool("ip-masq"),
        !values.bool("ip-masq-fully-random-disable"),
        values.bool("iptables-forward-rules"),
        instance(values.text("instance")),
        values.choice("iptables-mode", Options.IptablesMode.class),
        values.choice("bridge-netfilter", Options.BridgeNetfilter.class));
  }

  private static Optional<String> instance(String name) {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    try {
      return new Names(Optional.of(name)).instance();
    } catch (IllegalArgumentException e) {
      throw new ConfigException("Invalid instance option: " + e.getMessage());
    }
  }

  /** IF-2: upstream finds out when it has a network configuration. */
  private static void interfaces(FlagValues values) {
    List<String> hopeless =
        InterfaceSelection.hopeless(
            values.texts("iface"), values.texts("iface-regex"), values.text("iface-can-reach"));
    if (!hopeless.isEmpty()) {
      throw new ConfigException("No interface can be chosen: " + String.join("; ", hopeless));
    }
  }

  private static Options.Health health(FlagValues values) {
    long port = values.integer("healthz-port");
    if (port > MAX_PORT) {
      throw new ConfigException(
          "Invalid healthz-port option " + port + ": a port is at most " + MAX_PORT);
    }
    return new Options.Health(values.text("healthz-ip"), (int) Math.max(port, 0));
  }

  private static Duration margin(long minutes) {
    if (minutes < 1 || minutes > MAX_MARGIN) {
      throw new ConfigException(
          "Invalid subnet-lease-renew-margin option, out of acceptable range (1 to "
              + MAX_MARGIN
              + " minutes)");
    }
    return Duration.ofMinutes(minutes);
  }

  /** ODD-4: upstream spins. */
  private static Duration resync(long seconds) {
    if (seconds < 1 || seconds > Integer.MAX_VALUE) {
      throw new ConfigException(
          "Invalid iptables-resync option "
              + seconds
              + ": must be a number of seconds from 1 to "
              + Integer.MAX_VALUE);
    }
    return Duration.ofSeconds(seconds);
  }

  /** IF-10, ODD-12: a literal of the right family, and one that peers accept. */
  private static String address(FlagValues values, String name, Family family) {
    String text = values.text(name);
    if (text.isEmpty()) {
      return text;
    }
    Ip ip;
    try {
      ip = Ip.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("Invalid " + name + " option: " + e.getMessage());
    }
    if (ip.family() != family) {
      throw new ConfigException(
          "Invalid "
              + name
              + " option: "
              + GoText.quote(text)
              + " is an "
              + ip.family()
              + " address, must be an "
              + family
              + " address");
    }
    if (ip.isUnspecified() || ip.isMulticast() || ip.isBroadcast()) {
      throw new ConfigException(
          "Invalid " + name + " option: no node can be reached at " + GoText.quote(text));
    }
    return text;
  }

  private static Optional<Path> path(FlagValues values, String name) {
    String text = values.text(name);
    try {
      return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
    } catch (InvalidPathException e) {
      throw new ConfigException(
          "Invalid " + name + " option: " + GoText.quote(text) + " is no path: " + e.getReason());
    }
  }
}
