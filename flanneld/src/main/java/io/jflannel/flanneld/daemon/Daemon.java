// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.Version;
import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.backend.Backends;
import io.jflannel.flanneld.cni.CniKeeper;
import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.iface.InterfaceSelection;
import io.jflannel.flanneld.iface.Selection;
import io.jflannel.flanneld.iface.Wish;
import io.jflannel.flanneld.kernel.ExistingVteps;
import io.jflannel.flanneld.kernel.HostNetworkReader;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.status.About;
import io.jflannel.flanneld.status.Board;
import io.jflannel.flanneld.status.Facts;
import io.jflannel.flanneld.status.FileState;
import io.jflannel.flanneld.status.HealthServer;
import io.jflannel.flanneld.status.OptionsJson;
import io.jflannel.flanneld.store.LeaseLostException;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.subnetfile.LockedException;
import io.jflannel.flanneld.subnetfile.PreviousSubnets;
import io.jflannel.flanneld.subnetfile.SubnetFile;
import io.jflannel.net.Family;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** One run of flanneld, in the order of spec 2.1. */
final class Daemon {

  private static final System.Logger LOG = System.getLogger(Daemon.class.getName());
  private static final Path BRIDGE_SETTINGS = Path.of("/proc/sys/net/bridge");

  /** After the first moment of readiness; until then most code has run once. */
  private static final Duration SETTLED = Duration.ofSeconds(10);

  private final Options options;
  private final OptimisedJvm jvm;
  private final Map<String, String> environment;
  private final Board board = new Board();

  Daemon(Options options, OptimisedJvm jvm) {
    this.options = options;
    this.jvm = jvm;
    environment = jvm.environment();
  }

  /**
   * Runs until interrupted.
   *
   * @throws StartException if the node cannot be started, or not go on, as configured
   */
  void run() throws InterruptedException {
    Rights.demand();
    mustBeNoDirectory("subnet-file", options.subnetFile());
    options.statusFile().ifPresent(file -> mustBeNoDirectory("status-file", file));
    options.cni().ifPresent(cni -> mustBeNoDirectory("cni-output", cni.output()));
    About about = about();
    LOG.log(Level.INFO, "flanneld {0}, options {1}", about.version(), about.options().text());
    boolean booted = Files.notExists(options.subnetFile()); // it lies where a boot removes it
    try (SubnetFile file = subnetFile()) {
      PreviousSubnets previous = lockAndReadBack(file);
      options.cni().ifPresent(cni -> announce(cni, booted));
      try (LeaseStore store = openStore();
          Tunnelling tunnelling = new Tunnelling(options.udpDatapath(), jvm);
          TaskScope scope = new TaskScope()) { // ends before the store: no outage to its watch
        serveHealth(scope);
        scope.forkPlatform("herald", herald(about, store)::run);
        prepare(scope, store, tunnelling, previous).start(scope, store, file);
        board.update(Facts::running);
        scope.fork("memory", this::giveBackWhatTheStartTook);
        scope.join();
      } catch (LeaseLostException e) {
        throw new StartException("Subnet lost (--on-lease-lost=exit): " + e.getMessage());
      }
    }
  }

  /**
   * The first list of leases leaves twice its size behind, in the old generation, where the serial
   * collector would look for it only when that is full.
   */
  private void giveBackWhatTheStartTook() throws InterruptedException {
    long seen = 0;
    while (!board.now().readiness(Instant.now()).ready()) {
      seen = board.facts().awaitNewer(seen).version();
    }
    Thread.sleep(SETTLED);
    System.gc();
  }

  private static void mustBeNoDirectory(String flag, Path path) {
    if (Files.isDirectory(path)) {
      throw new StartException(
          "Invalid " + flag + " option: " + path + " is a directory; name a file in it");
    }
  }

  private About about() {
    return new About(
        Version.text(),
        ProcessHandle.current().pid(),
        Instant.now(),
        OptionsJson.of(options),
        options.subnetFile());
  }

  private SubnetFile subnetFile() {
    return new SubnetFile(
        options.subnetFile(), Path.of(environment.getOrDefault("TMPDIR", "/tmp")));
  }

  /** A file that cannot be locked now is locked, or refused, when it is written. */
  private static PreviousSubnets lockAndReadBack(SubnetFile file) {
    Optional<String> text = Optional.empty();
    try {
      file.lock();
      text = file.read();
    } catch (LockedException e) {
      throw new StartException(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      LOG.log(Level.WARNING, "Subnet file {0}: {1}", file.path(), Reasons.of(e));
    }
    PreviousSubnets previous = PreviousSubnets.of(text);
    previous
        .problems()
        .forEach(
            problem -> LOG.log(Level.WARNING, "Former subnet file {0}: {1}", file.path(), problem));
    return previous;
  }

  private void announce(Options.Cni cni, boolean booted) {
    board.update(facts -> facts.withCni(new FileState.Outstanding()));
    if (booted) {
      try {
        CniKeeper.removeFormer(cni);
      } catch (IOException e) {
        LOG.log(
            Level.WARNING,
            "Pods may start before the network works; cannot remove {0}",
            Reasons.of(e));
      }
    }
  }

  /** Without a port the server's classes are not even loaded. */
  private void serveHealth(TaskScope scope) {
    if (options.health().port() <= 0) {
      return;
    }
    try {
      HealthServer server =
          HealthServer.start(options.health(), () -> board.now().readiness(Instant.now()));
      scope.fork("health", server::untilInterrupted);
    } catch (IOException e) {
      throw new StartException(String.valueOf(e.getMessage()));
    }
  }

  private Herald herald(About about, LeaseStore store) {
    Systemd systemd = new Systemd(environment.getOrDefault("NOTIFY_SOCKET", ""));
    Path statusFile =
        options
            .statusFile()
            .orElseGet(() -> options.subnetFile().toAbsolutePath().resolveSibling("status.json"));
    return new Herald(board, about, systemd, store::networkIsUp, statusFile);
  }

  private LeaseStore openStore() {
    try {
      LeaseStore store = Stores.open(options, environment);
      LOG.log(Level.INFO, "Created subnet manager: {0}", store.description());
      board.update(facts -> facts.withStore(store.description()));
      return store;
    } catch (ConfigException e) {
      throw new StartException(e.getMessage());
    }
  }

  /** Everything that must be known before a lease is asked for. */
  private Node prepare(
      TaskScope scope, LeaseStore store, Tunnelling tunnelling, PreviousSubnets previous)
      throws InterruptedException {
    StoreWait wait = new StoreWait(store, board, scope::check);
    NetworkConfig config = wait.config();
    Map<Family, String> prescribed = wait.prescribedAddresses();
    board.update(facts -> facts.withStore(store.description()));
    checkBridge(config);
    ExternalInterface external = chooseInterface(config, prescribed);
    board.update(facts -> facts.with(external));
    Backend backend = backend(config, external, tunnelling, store.configPlace());
    Doubts.of(config, external, store.configPlace())
        .forEach(doubt -> LOG.log(Level.WARNING, doubt));
    Backend.Vteps vteps = ExistingVteps.read(backend.devices(), RandomGenerator.getDefault());
    Optional<String> programs = Optional.ofNullable(environment.get("PATH"));
    return new Node(
        options, config, backend, tunnelling, external, vteps, previous, programs, board);
  }

  private void checkBridge(NetworkConfig config) {
    List<String> missing = BridgeNetfilter.missing(config, BRIDGE_SETTINGS);
    switch (options.traffic().bridgeNetfilter()) {
      case REQUIRE -> {
        if (!missing.isEmpty()) {
          throw new StartException(String.join("\n", missing));
        }
      }
      case WARN -> missing.forEach(line -> LOG.log(Level.WARNING, line));
    }
  }

  private ExternalInterface chooseInterface(NetworkConfig config, Map<Family, String> prescribed) {
    Wish wish =
        new Wish(
            Arrays.stream(Family.values()).filter(config::enabled).collect(Collectors.toSet()),
            options.ifaces(),
            options.ifaceRegexes(),
            options.ifaceCanReach(),
            prescribed.getOrDefault(Family.V4, options.publicIp()),
            prescribed.getOrDefault(Family.V6, options.publicIpv6()));
    try (HostNetworkReader reader = new HostNetworkReader()) {
      return switch (InterfaceSelection.select(wish, reader.read(), reader::routeTo)) {
        case Selection.None none ->
            throw new StartException(
                "Failed to find an interface: " + String.join("; ", none.reasons()));
        case Selection.Found found -> {
          found.passedOver().forEach(miss -> LOG.log(Level.INFO, "Passed over {0}", miss));
          LOG.log(Level.INFO, "Using {0}", found.external().words());
          yield found.external();
        }
      };
    }
  }

  private Backend backend(
      NetworkConfig config, ExternalInterface external, Tunnelling tunnelling, String place) {
    try {
      Backend backend =
          tunnelling.with(Backends.of(config, external, udp -> tunnelling.device(udp, external)));
      return options.ipBlackholeRoute() ? Backends.withBlackholeRoute(backend) : backend;
    } catch (ConfigException e) {
      throw new StartException(e.in(place).getMessage());
    }
  }
}
