// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.config.Options.UdpDatapath;
import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabFirewall;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.RunDirectory;
import io.jflannel.net.Family;
import java.io.Console;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jflannel lab}. */
@Command(
    name = "lab",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs a flannel network of several hosts on this machine, each host a network namespace with"
          + " a real flanneld process and a container, and shows it working.",
      "Needs root. Ctrl-C removes every trace."
    })
public final class LabCommand implements Callable<Integer> {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration REFRESH = Duration.ofSeconds(1);
  private static final String HOME_AND_CLEAR = "\033[H\033[J";

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "3",
      description = "Number of hosts (default: ${DEFAULT-VALUE}).")
  private int nodes;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "vxlan",
      converter = Words.Backend.class,
      completionCandidates = Words.Backend.class,
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private LabBackend backend = LabBackend.VXLAN;

  @Option(
      names = "--udp-datapath",
      paramLabel = "NAME",
      defaultValue = "auto",
      converter = Words.Datapath.class,
      completionCandidates = Words.Datapath.class,
      description =
          "How the backend udp carries packets: ${COMPLETION-CANDIDATES} (default:"
              + " ${DEFAULT-VALUE}).")
  private UdpDatapath datapath = UdpDatapath.AUTO;

  @Option(
      names = "--store",
      paramLabel = "NAME",
      defaultValue = "local",
      converter = Words.Store.class,
      completionCandidates = Words.Store.class,
      description =
          "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}); etcd2 is etcd's old v2 API, kube a"
              + " real Kubernetes API server, built by the first run in some minutes.")
  private LabStore store = LabStore.LOCAL;

  @Option(
      names = "--ip-masq",
      description =
          "Let containers out of the overlay under their node's address, to one more host, the"
              + " \"internet\", which knows no way into it. With iptables the nodes forward nothing"
              + " without a rule, as where Docker runs.")
  private boolean masquerade;

  @Option(
      names = "--firewall",
      paramLabel = "NAME",
      defaultValue = "iptables",
      converter = Words.Firewall.class,
      completionCandidates = Words.Firewall.class,
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private LabFirewall firewall = LabFirewall.IPTABLES;

  @ArgGroup(exclusive = true)
  private FamilyChoice families = new FamilyChoice();

  private static final class FamilyChoice {
    @Option(names = "--ipv6", description = "IPv6 only, in the underlay too.")
    private boolean ipv6;

    @Option(names = "--dual", description = "IPv4 and IPv6.")
    private boolean dual;
  }

  @ArgGroup(exclusive = true)
  private Mode mode = new Mode();

  private static final class Mode {
    @Option(
        names = "--check",
        description = "Try every pair once, print a line each, remove all; exit 0 if all passed.")
    private boolean check;

    @Option(
        names = "--keep",
        description = "Leave the network up and say how to enter it; --clean removes it.")
    private boolean keep;

    @Option(
        names = "--clean",
        description = "Remove what kept or killed labs have left; running labs are not touched.")
    private boolean clean;
  }

  /** The longest wait for a status file to tell what is so already. */
  private static final Duration TELLING = Duration.ofSeconds(5);

  private final long start = System.nanoTime();
  private final PrintStream out;
  private final PrintStream err;

  /** For picocli: prints to standard output and standard error. */
  public LabCommand() {
    this(System.out, System.err);
  }

  LabCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Exit status 0: it worked; 1: it did not. */
  @Override
  public Integer call() throws InterruptedException {
    try {
      return mode.clean ? clean() : run();
    } catch (CommandException e) {
      err.println("jflannel lab: " + e.getMessage());
      return 1;
    }
  }

  private int run() throws InterruptedException {
    try (Lab lab = Lab.start(spec(), List.of(), step -> out.println("* " + step))) {
      return mode.check ? check(lab) : show(lab);
    }
  }

  private LabSpec spec() {
    LabFamilies chosen =
        families.dual ? LabFamilies.DUAL : families.ipv6 ? LabFamilies.IPV6 : LabFamilies.IPV4;
    try {
      LabSpec spec =
          LabSpec.of(backend, chosen, store)
              .withNodes(nodes)
              .withRules(firewall, masquerade)
              .withDatapath(datapath);
      out.println("jflannel lab: " + spec);
      return spec;
    } catch (IllegalArgumentException e) {
      throw new CommandLine.ParameterException(
          new CommandLine(this), String.valueOf(e.getMessage()), e);
    }
  }

  private int check(Lab lab) throws InterruptedException {
    List<Check.Line> lines = Check.run(lab, PATIENCE);
    lines.forEach(out::println);
    return verdict(lab, lines);
  }

  private int verdict(Lab lab, List<Check.Line> lines) {
    long failed = lines.stream().filter(line -> !line.passed()).count();
    out.printf(
        Locale.ROOT,
        "%d passed, %d failed (%s; %.1f s since the start)%n",
        lines.size() - failed,
        failed,
        lab.spec(),
        (System.nanoTime() - start) / 1e9);
    if (failed > 0) {
      lab.nodes()
          .forEach(node -> out.printf("--- log of node%d%n%s", node.number(), node.daemonLog()));
    }
    return failed == 0 ? 0 : 1;
  }

  private int show(Lab lab) throws InterruptedException {
    List<Check.Line> lines = Check.run(lab, PATIENCE);
    String matrix = matrices(lab, lines);
    awaitTold(lab);
    out.print("\n" + table(lab) + "\n" + matrix);
    int status = verdict(lab, lines);
    if (lab.nodes().size() > 1 && status == 0) {
      Family family = lab.spec().families().list().getFirst();
      matrix +=
          "iperf3, container of node1 to container of node2, one TCP flow: "
              + Check.throughput(lab.node(1), lab.node(2), family)
              + "\n";
      out.println(matrix.lines().toList().getLast());
    }
    if (mode.keep) {
      return keep(lab, status);
    }
    out.println("\n" + how(lab) + "Ctrl-C ends the lab and removes every trace.");
    watch(lab, matrix);
    return status;
  }

  /** The daemons write their status once a second, and have done more than they have told. */
  private static void awaitTold(Lab lab) throws InterruptedException {
    long end = System.nanoTime() + TELLING.toNanos();
    int peers = lab.nodes().size() - 1;
    while (System.nanoTime() < end
        && !lab.nodes().stream()
            .allMatch(node -> node.status().filter(s -> s.programmed() == peers).isPresent())) {
      Thread.sleep(50);
    }
  }

  /** Until the shutdown hook ends the JVM: a fresh table each second on a terminal. */
  private void watch(Lab lab, String matrix) throws InterruptedException {
    boolean terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    String last = table(lab);
    while (true) {
      Thread.sleep(REFRESH);
      String now = table(lab);
      if (terminal) {
        out.print(
            HOME_AND_CLEAR
                + "jflannel lab: "
                + lab.spec()
                + "\n\n"
                + now
                + "\n"
                + matrix
                + "\n"
                + how(lab)
                + "Ctrl-C ends the lab and removes every trace.\n");
      } else if (!now.equals(last)) {
        out.print("\n" + now);
      }
      last = now;
    }
  }

  private int keep(Lab lab, int status) {
    lab.keep();
    out.println(
        "\nThe network stays up.\n" + how(lab) + "To remove it:           ./jflannel lab --clean");
    return status;
  }

  private static String how(Lab lab) {
    Node first = lab.node(1);
    return """
    To enter node1:         ip netns exec %s bash
    To enter its container: ip netns exec %s bash
    Logs, subnet files and status files: %s
    """
        .formatted(first.namespace(), first.containerNamespace(), lab.directory());
  }

  private static String table(Lab lab) {
    Instant now = Instant.now();
    return LiveTable.table(
        lab.nodes().stream().map(node -> LiveTable.row(node, lab.spec().families(), now)).toList());
  }

  private static String matrices(Lab lab, List<Check.Line> lines) {
    StringBuilder text = new StringBuilder();
    for (Family family : lab.spec().families().list()) {
      text.append(LiveTable.matrix(lines, lab.nodes().size(), family)).append('\n');
    }
    return text.toString();
  }

  private int clean() throws InterruptedException {
    for (RunDirectory run : RunDirectory.all()) {
      if (run.owned()) {
        out.println(run.prefix() + ": this lab is running; Ctrl-C there ends it");
      } else {
        run.remove();
        out.println(run.prefix() + ": removed");
      }
    }
    return 0;
  }
}
