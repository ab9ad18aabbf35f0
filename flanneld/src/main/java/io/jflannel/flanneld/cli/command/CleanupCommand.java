// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli.command;

import io.jflannel.flanneld.cleanup.Cleanup;
import io.jflannel.flanneld.firewall.Doing;
import io.jflannel.flanneld.log.Logging;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.net.Cidr;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jflannel cleanup}. */
@Command(
    name = "cleanup",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Removes what a daemon has left on this host: devices with what is on them, routes, nexthop objects,"
          + " traffic rules and files. It prints each thing that it removes.",
      "Nothing of other networks, other programs or the operator is touched. The lease in the store"
          + " stays until it expires."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:nothing is left",
      "1:something is left, or may be; run it again",
      "2:an option is wrong",
      "3:nothing was touched: a daemon runs, or rights are missing"
    })
final class CleanupCommand implements Callable<Integer> {

  private static final int INCOMPLETE = 1;
  private static final int REFUSED = 3;

  @Option(names = "--dry-run", description = "Print the same and change nothing.")
  private boolean dryRun;

  @Option(
      names = "--network",
      paramLabel = "CIDR",
      description =
          "A flannel network, besides those that the subnet file names; may be given several times.")
  private List<String> networks = new ArrayList<>();

  @Option(
      names = "--subnet-file",
      paramLabel = "FILE",
      defaultValue = "/run/flannel/subnet.env",
      description = "The daemon's --subnet-file (default: ${DEFAULT-VALUE}).")
  private Path subnetFile = Path.of("/run/flannel/subnet.env");

  @Option(
      names = "--status-file",
      paramLabel = "FILE",
      description = "The daemon's --status-file (default: status.json beside the subnet file).")
  private @Nullable Path statusFile;

  @Option(
      names = "--instance",
      paramLabel = "NAME",
      defaultValue = "",
      description = "The daemon's --instance.")
  private String instance = "";

  @Spec private CommandSpec spec;

  CleanupCommand() {
    spec = CommandSpec.create(); // picocli replaces it
  }

  @Override
  public Integer call() throws InterruptedException {
    Logging.startQuiet();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    Cleanup.Request request = request(System.getenv());
    Cleanup.End end = new Cleanup(request, out::println, err::println).run();
    out.flush();
    err.flush();
    return switch (end) {
      case CLEAN -> 0;
      case INCOMPLETE -> INCOMPLETE;
      case REFUSED -> REFUSED;
    };
  }

  private Cleanup.Request request(Map<String, String> environment) {
    return new Cleanup.Request(
        subnetFile,
        Optional.ofNullable(statusFile),
        networks(),
        names(),
        Optional.ofNullable(environment.get("PATH")),
        Path.of(environment.getOrDefault("TMPDIR", "/tmp")),
        dryRun ? Doing.TELL : Doing.WRITE);
  }

  private Set<Cidr> networks() {
    Set<Cidr> parsed = new HashSet<>();
    for (String text : networks) {
      try {
        Cidr network = Cidr.parse(text).network();
        if (network.length() == 0) {
          throw new IllegalArgumentException("\"" + text + "\" is everything, no flannel network");
        }
        parsed.add(network);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--network: " + e.getMessage(), e);
      }
    }
    return parsed;
  }

  private Names names() {
    try {
      return new Names(instance.isEmpty() ? Optional.empty() : Optional.of(instance));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--instance: " + e.getMessage(), e);
    }
  }
}
