// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cleanup;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.firewall.Doing;
import io.jflannel.flanneld.firewall.Leftovers;
import io.jflannel.flanneld.kernel.NetlinkTarget;
import io.jflannel.flanneld.reconcile.Sweep;
import io.jflannel.flanneld.state.Target;
import io.jflannel.flanneld.subnetfile.LockedException;
import io.jflannel.flanneld.subnetfile.PreviousSubnets;
import io.jflannel.flanneld.subnetfile.SubnetFile;
import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.linux.Capability;
import io.jflannel.linux.LinuxException;
import io.jflannel.net.Cidr;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Removes all that a daemon has left in the network namespace of the calling thread, and its files.
 * What fails does not stop the rest; but the subnet file goes only if everything before it went,
 * because it tells the next attempt what to look for. The lock is held until its file is gone.
 */
public final class Cleanup {

  private final Request request;
  private final Consumer<String> removed;
  private final Consumer<String> troubles;
  private final Doing doing;
  private boolean anything;
  private boolean complete = true;

  /**
   * What to remove.
   *
   * @param subnetFile the daemon's {@code --subnet-file}
   * @param statusFile its {@code --status-file}; absent: {@code status.json} beside the subnet file
   * @param networks flannel networks besides those that the subnet file names
   * @param names by its {@code --instance}
   * @param programs the variable PATH
   * @param temporary the system's directory for temporary files
   */
  public record Request(
      Path subnetFile,
      Optional<Path> statusFile,
      Set<Cidr> networks,
      Names names,
      Optional<String> programs,
      Path temporary,
      Doing doing) {
    public Request {
      networks = Set.copyOf(networks);
    }
  }

  /** How it ended. */
  public enum End {
    /** Nothing is left. */
    CLEAN,
    /** Something is, or may be, left. */
    INCOMPLETE,
    /** Nothing was touched. */
    REFUSED
  }

  /**
   * @param removed told what was removed, or would be; a line each
   * @param troubles told what was not, and why
   */
  public Cleanup(Request request, Consumer<String> removed, Consumer<String> troubles) {
    this.request = request;
    this.removed = removed;
    this.troubles = troubles;
    this.doing = request.doing();
  }

  /** Does it; the calling thread must be a platform thread. */
  public End run() throws InterruptedException {
    if (!Capability.missing(Capability.NET_ADMIN).isEmpty()) {
      troubles.accept("cleanup needs " + Capability.NET_ADMIN + ": run it as root");
      return End.REFUSED;
    }
    try (SubnetFile file = new SubnetFile(request.subnetFile(), request.temporary())) {
      file.lockIfLeft();
      clean(file);
    } catch (LockedException e) {
      troubles.accept(
          e.held() + ": a daemon runs. Stop it first, then clean up; nothing was touched");
      return End.REFUSED;
    } catch (IOException e) {
      troubles.accept(Reasons.of(e) + "; nothing was touched");
      return End.REFUSED;
    }
    if (complete && !anything) {
      removed.accept("nothing to remove");
    }
    return complete ? End.CLEAN : End.INCOMPLETE;
  }

  private void clean(SubnetFile file) throws InterruptedException {
    Path status = request.statusFile().orElseGet(() -> file.path().resolveSibling("status.json"));
    LeftFiles files = new LeftFiles(file, status);
    Set<Cidr> inFile = networksOf(file, files);
    Set<Cidr> networks = new HashSet<>(request.networks());
    networks.addAll(inFile);
    removeRules(networks);
    removeObjects(file, networks);
    if (!inFile.isEmpty() && complete) {
      remove(file.path());
    } else if (!inFile.isEmpty()) {
      troubles.accept(file + " is kept for another attempt: it names the flannel network");
    }
    removeFiles(files);
  }

  private Set<Cidr> networksOf(SubnetFile file, LeftFiles files) {
    try {
      PreviousSubnets previous = files.previous();
      previous.problems().forEach(problem -> trouble(file + ": " + problem));
      if (previous.networks().isEmpty() && Files.exists(file.path())) {
        trouble(file + " names no flannel network and is left alone");
      }
      return previous.networks();
    } catch (IOException e) {
      trouble(Reasons.of(e));
      return Set.of();
    }
  }

  /** Without a network a rule that is called ours is taken for ours. */
  private void removeRules(Set<Cidr> networks) throws InterruptedException {
    Set<Cidr> claimed =
        networks.isEmpty() ? Set.of(Cidr.parse("0.0.0.0/0"), Cidr.parse("::/0")) : networks;
    Leftovers rules =
        Leftovers.sweep(request.names(), new Claim(claimed), request.programs(), doing);
    rules.rules().forEach(this::gone);
    rules.problems().forEach(this::trouble);
    rules.notes().forEach(troubles);
  }

  private void removeObjects(SubnetFile file, Set<Cidr> networks) {
    try (Target kernel = NetlinkTarget.open()) {
      Target target = doing == Doing.WRITE ? kernel : new PretendingTarget(kernel);
      Sweep.Report report = Sweep.of(target, networks);
      report.removed().forEach(this::gone);
      report.problems().forEach(this::trouble);
      if (networks.isEmpty()) {
        trouble(unknown(file, report.foreign()));
      } else if (!report.foreign().isEmpty()) {
        troubles.accept(
            "left alone, without an address in %s: %s"
                .formatted(text(networks), String.join(", ", report.foreign())));
      }
    } catch (LinuxException e) {
      trouble("the kernel does not tell devices and routes: " + e.getMessage());
    }
  }

  private static String unknown(SubnetFile file, List<String> devices) {
    return file
        + " does not tell the flannel network. Without it nobody can tell which devices, addresses,"
        + " routes and nexthop objects are flannel's, and which are those of another network or the"
        + " operator's: only traffic rules were looked for, by their names. Give it with --network"
        + " CIDR (Network and IPv6Network of the configuration, both if it has both)."
        + (devices.isEmpty()
            ? " No device is called like one of flannel's"
            : " Called like flannel's: " + String.join(", ", devices));
  }

  private static String text(Set<Cidr> networks) {
    return networks.stream()
        .map(Cidr::toString)
        .collect(Collectors.toCollection(TreeSet::new))
        .stream()
        .collect(Collectors.joining(" or "));
  }

  private void removeFiles(LeftFiles files) {
    try {
      files.besides().forEach(this::remove);
    } catch (IOException e) {
      trouble(Reasons.of(e));
    }
  }

  private void remove(Path path) {
    try {
      if (doing == Doing.WRITE) {
        Files.deleteIfExists(path);
      }
      gone("file " + path);
    } catch (IOException e) {
      trouble("cannot remove " + Reasons.of(e));
    }
  }

  private void gone(String what) {
    anything = true;
    removed.accept("remove " + what);
  }

  private void trouble(String line) {
    complete = false;
    troubles.accept(line);
  }
}
