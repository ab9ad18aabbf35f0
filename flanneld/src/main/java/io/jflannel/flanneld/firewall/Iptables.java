// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.SavedTable;
import io.jflannel.net.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The iptables of one family and variant.
 *
 * @param tool runs them
 * @param version as printed
 * @param name of iptables itself in its folder
 * @param files the programs as they were found
 * @param waits whether iptables-restore knows {@code --wait} (1.6.2)
 */
record Iptables(
    Tool tool,
    Family family,
    Variant variant,
    Path save,
    Path restore,
    String version,
    boolean waits,
    String name,
    List<Mark> files) {

  /** How long to wait for the xtables lock, in seconds; then it is told and tried again. */
  private static final int PATIENCE = 5;

  /** For a program that only tells its version. */
  private static final Duration QUICK = Duration.ofSeconds(5);

  /** Exit status RESOURCE_PROBLEM of iptables(8). */
  private static final int LOCKED = 4;

  private static final Pattern VERSION =
      Pattern.compile(
          "ip6?tables(?:-save|-restore)? v(\\d+)\\.(\\d+)\\.(\\d+)(?: \\((\\S+)\\))?.*");

  /**
   * Looks for the programs: those without a suffix if they are of this variant, else those named
   * after it.
   *
   * @throws FirewallException naming what is missing
   */
  static Iptables find(Programs programs, Family family, Variant variant)
      throws InterruptedException {
    String plain = plain(family);
    List<String> seen = new ArrayList<>();
    boolean broken = false;
    boolean busy = false;
    for (String name : List.of(plain, plain + "-" + variant)) {
      try {
        Optional<Iptables> found = named(programs, family, name);
        if (found.filter(iptables -> iptables.variant == variant).isPresent()) {
          return found.get();
        }
        found.ifPresent(other -> seen.add(name + " is " + other.version));
      } catch (FirewallException e) {
        broken = true;
        busy |= e.isBusy();
        seen.add(e.getMessage());
      }
    }
    String wanted = seen.isEmpty() ? plain : plain + " of the " + variant + " variant";
    String message =
        "no %s (with -save and -restore) found in PATH, /usr/sbin or /sbin%s: install the package"
                .formatted(wanted, seen.isEmpty() ? "" : ", only " + String.join(", ", seen))
            + " iptables, or set \"EnableNFTables\": true in the network configuration";
    if (busy) {
      throw FirewallException.busy(message);
    }
    throw broken ? new FirewallException(message) : FirewallException.missing(message);
  }

  /**
   * The variant of the iptables in PATH, if there is one.
   *
   * @throws FirewallException if it does not tell
   */
  static Optional<Variant> installed(Programs programs, Family family) throws InterruptedException {
    return named(programs, family, plain(family)).map(Iptables::variant);
  }

  private static String plain(Family family) {
    return family == Family.V4 ? "iptables" : "ip6tables";
  }

  private static Optional<Iptables> named(Programs programs, Family family, String name)
      throws InterruptedException {
    Optional<Path> main = programs.find(name);
    Optional<Path> save = programs.find(name + "-save");
    Optional<Path> restore = programs.find(name + "-restore");
    if (main.isEmpty() || save.isEmpty() || restore.isEmpty()) {
      return Optional.empty();
    }
    List<Path> files = List.of(main.get(), save.get(), restore.get());
    Matcher version = version(programs.tool(), main.get());
    if (!version.matches()) {
      throw new FirewallException(main.get() + " --version says nothing of use");
    }
    boolean nft = isNft(version);
    for (Path other : files.subList(1, files.size())) { // old ones do not tell
      Matcher told = version(programs.tool(), other);
      if (told.matches() && isNft(told) != nft) {
        throw new FirewallException(
            "%s and %s are of different variants: mend the alternatives"
                .formatted(main.get(), other));
      }
    }
    return Optional.of(
        new Iptables(
            programs.tool(),
            family,
            nft ? Variant.NFT : Variant.LEGACY,
            save.get(),
            restore.get(),
            version.group(),
            isAtLeast162(version),
            name,
            files.stream().map(Mark::of).toList()));
  }

  private static Matcher version(Tool tool, Path program) throws InterruptedException {
    StringBuilder version = new StringBuilder();
    List<String> command = List.of(program.toString(), "--version");
    tool.run(command, "", line -> version.append(line, 0, cut(line)), QUICK);
    return VERSION.matcher(version);
  }

  private static boolean isNft(Matcher version) {
    return "nf_tables".equals(version.group(4));
  }

  /**
   * By what one sees that a file is another one.
   *
   * @param real where it leads to, and when that was written; empty if it is gone
   */
  record Mark(Path file, Optional<Path> real, Optional<FileTime> written) {

    static Mark of(Path file) {
      try {
        Path real = file.toRealPath();
        return new Mark(file, Optional.of(real), Optional.of(Files.getLastModifiedTime(real)));
      } catch (IOException e) {
        return new Mark(file, Optional.empty(), Optional.empty());
      }
    }
  }

  /** Whether the programs are still those that were found. */
  boolean isCurrent(Programs programs) {
    return Stream.of("", "-save", "-restore")
        .flatMap(suffix -> programs.find(name + suffix).stream())
        .map(Mark::of)
        .toList()
        .equals(files);
  }

  private static int cut(String line) {
    return Math.min(line.length(), 100);
  }

  private static boolean isAtLeast162(Matcher version) {
    int number =
        Integer.parseInt(version.group(1)) * 1_000_000
            + Integer.parseInt(version.group(2)) * 1_000
            + Integer.parseInt(version.group(3));
    return number >= 1_006_002;
  }

  /**
   * Reads one table; one process, no rule of others is kept.
   *
   * @param exists whether the table is there, or will be by being read
   * @throws FirewallException also if a table that exists is not shown, or only in part, though the
   *     program ends with status 0: what we added on the strength of that would pile up
   */
  void read(Part part, SavedTable into, boolean exists) throws InterruptedException {
    AtomicBoolean hidden = new AtomicBoolean();
    Tool.Result result =
        tool.run(
            List.of(save.toString(), "-t", part.table()),
            "",
            line -> {
              if (line.startsWith("# Table `") && line.contains("' is incompatible")) {
                hidden.set(true);
              }
              into.line(line);
              if (into.isOverfull()) {
                throw unusable(part, into);
              }
            });
    if (!result.passed()) {
      throw new FirewallException("%s -t %s: %s".formatted(save, part.table(), words(result)));
    }
    if (hidden.get()) {
      throw new FirewallException(
          "table %s holds rules that only nft can show, so %s shows none: remove them (nft list"
                  .formatted(part.table(), save.getFileName())
              + " ruleset), or set \"EnableNFTables\": true in the network configuration");
    }
    if (exists && !into.shown()) {
      throw new FirewallException(
          "%s -t %s shows no such table, though there is one: \"%s\""
              .formatted(save, part.table(), result.lastLines()));
    }
    if (into.defect().isPresent()) {
      throw unusable(part, into);
    }
  }

  private FirewallException unusable(Part part, SavedTable table) {
    return new FirewallException(
        "%s -t %s: %s".formatted(save, part.table(), table.defect().orElse("")));
  }

  /** Whether the table has one of these chains. */
  boolean hasChain(String table, List<String> chains) throws InterruptedException {
    AtomicBoolean seen = new AtomicBoolean();
    tool.run(
        List.of(save.toString(), "-t", table),
        "",
        line -> {
          if (chains.stream().anyMatch(chain -> line.startsWith(":" + chain + " "))) {
            seen.set(true);
          }
        });
    return seen.get();
  }

  /** Writes one table at once, or nothing of it. */
  void write(String text) throws InterruptedException {
    Tool.Result result = restored(text, List.of());
    if (result.status() == LOCKED && result.lastLines().contains("holding the xtables lock")) {
      throw FirewallException.busy(
          "another program has held the xtables lock (/run/xtables.lock) for %d s: %s"
              .formatted(PATIENCE, words(result)));
    }
    if (!result.passed()) {
      throw new FirewallException(restore + ": " + words(result));
    }
  }

  /** Whether the same would be accepted; changes nothing. */
  boolean accepts(String text) throws InterruptedException {
    return restored(text, List.of("--test")).passed();
  }

  private Tool.Result restored(String text, List<String> more) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of(restore.toString(), "--noflush"));
    if (waits) {
      command.add("--wait=" + PATIENCE);
    }
    command.addAll(more);
    return tool.run(command, text, _ -> {});
  }

  private static String words(Tool.Result result) {
    return "%s (status %d)".formatted(result.lastLines(), result.status());
  }
}
