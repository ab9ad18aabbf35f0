// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.NftListing;
import io.jflannel.flanneld.traffic.NftPlan;
import io.jflannel.flanneld.traffic.NftText;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.linux.netfilter.BaseChain;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.linux.netfilter.TableState;
import io.jflannel.net.Family;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** nftables: a table of our own for each family, made anew in one transaction. */
final class NftEngine implements Engine {

  private static final System.Logger LOG = System.getLogger(NftEngine.class.getName());

  private final Programs programs;
  private final Names names;
  private final Claim claim;
  private final LoadedTables tables;
  private final Function<Family, Interest> interests;
  private final Map<Family, Style> styles = new EnumMap<>(Family.class);

  /** What kernel and nft know. */
  private record Style(boolean comments, boolean randomPorts) {

    private static final Style FULL = new Style(true, true);

    /** What is tried when something is refused, in order. */
    private static final List<Style> MODEST =
        List.of(new Style(false, true), new Style(true, false), new Style(false, false));
  }

  /** Of a listing of our table; somebody may have filled it. */
  private static final int LONGEST_LISTING = 2 << 20;

  NftEngine(Programs programs, Names names, Claim claim, LoadedTables tables) {
    this.programs = programs;
    this.names = names;
    this.claim = claim;
    this.tables = tables;
    interests = Interest.ofEach(family -> Interest.ofNftables(family, names));
  }

  @Override
  public String description() {
    return "nftables";
  }

  @Override
  public void prepare(Family family) {
    // nft has one program for all, found in no time
  }

  @Override
  public boolean mayHold(Family family) {
    return tables.ofNftables(family, names);
  }

  @Override
  public Optional<ChainName> chain(Family family, Part part) {
    return Optional.of(
        new ChainName(new TableName(family, names.nftTable(family)), part.nftChain()));
  }

  @Override
  public Interest interest(Family family) {
    return interests.apply(family);
  }

  @Override
  public Outcome converge(Family family, Map<Part, List<Rule>> wanted, Doing doing)
      throws InterruptedException {
    List<Part> parts =
        Stream.of(Part.values())
            .filter(part -> !wanted.getOrDefault(part, List.of()).isEmpty())
            .toList();
    try {
      NftPlan plan = plan(family, wanted);
      List<Part> written = List.of();
      if (!plan.asWanted()) {
        if (doing == Doing.WRITE) {
          write(family, wanted, plan);
        }
        written = List.of(Part.values());
      }
      List<String> notes = new ArrayList<>(plan.notes(names.nftTable(family)));
      if (!wanted.getOrDefault(Part.FORWARD, List.of()).isEmpty()) {
        policy(family).ifPresent(notes::add);
      }
      return new Outcome(written, written.isEmpty() ? 0 : 1, Map.of(), notes);
    } catch (FirewallException e) {
      return parts.isEmpty() && e.isMissing()
          ? withoutProgram(family, e, doing)
          : Outcome.failed(parts.isEmpty() ? List.of(Part.values()) : parts, e);
    }
  }

  /** What nft has made, and is surely ours, can be removed without it. */
  private Outcome withoutProgram(Family family, FirewallException missing, Doing doing) {
    Removals removals = tables.removals().orElseThrow();
    if (!removals.isOursAlone(family, names, claim)) {
      return Outcome.failed(
          List.of(Part.values()),
          new FirewallException(
              "table %s also holds rules of others, to be told apart by nft only; %s"
                  .formatted(names.nftTable(family), missing.getMessage())));
    }
    try {
      if (doing == Doing.WRITE) {
        removals.nftables(family, names);
      }
      return new Outcome(List.of(Part.values()), 1, Map.of(), List.of());
    } catch (FirewallException e) {
      return Outcome.failed(List.of(Part.values()), e);
    }
  }

  /** B12: what our table accepts, another one may still drop. */
  private Optional<String> policy(Family family) {
    ChainName forward = Interest.forward(family);
    return tables
        .base(forward)
        .filter(base -> base.policy() == BaseChain.Policy.DROP)
        .map(_ ->
            "chain "
                + forward
                + " has policy DROP and drops what our own table accepts: let iptables accept it"
                + " too, or set \"EnableNFTables\": false in the network configuration");
  }

  private NftPlan plan(Family family, Map<Part, List<Rule>> wanted) throws InterruptedException {
    Optional<NftListing> listing =
        tables.ofNftables(family, names) ? list(family) : Optional.empty();
    return NftPlan.between(supported(wanted, style(family)), listing, claim);
  }

  private Style style(Family family) {
    return styles.getOrDefault(family, Style.FULL);
  }

  private static Map<Part, List<Rule>> supported(Map<Part, List<Rule>> wanted, Style style) {
    if (style.randomPorts()) {
      return wanted;
    }
    Map<Part, List<Rule>> modest = new EnumMap<>(Part.class);
    wanted.forEach(
        (part, rules) -> modest.put(part, rules.stream().map(Rule::withoutRandomPorts).toList()));
    return modest;
  }

  private Optional<NftListing> list(Family family) throws InterruptedException {
    StringBuilder text = new StringBuilder();
    String ip = family == Family.V4 ? "ip" : "ip6";
    List<String> command =
        List.of(nft().toString(), "-nn", "list", "table", ip, names.nftTable(family));
    Tool.Result result =
        programs
            .tool()
            .run(
                command,
                "",
                line -> {
                  if (text.length() <= LONGEST_LISTING) {
                    text.append(line).append('\n');
                  }
                });
    if (text.length() > LONGEST_LISTING) {
      throw new FirewallException(
          "table %s holds more than %d MiB of rules: remove it (nft delete table %s %1$s)"
              .formatted(names.nftTable(family), LONGEST_LISTING >> 20, ip));
    }
    if (result.passed()) {
      return Optional.of(NftListing.parse(text.toString()));
    }
    if (!tables.ofNftables(family, names)) {
      return Optional.empty(); // removed meanwhile
    }
    throw new FirewallException(
        "nft list table %s: %s".formatted(names.nftTable(family), result.lastLines()));
  }

  private void write(Family family, Map<Part, List<Rule>> wanted, NftPlan plan)
      throws InterruptedException {
    if (plan.isEmpty()) {
      tables.removals().ifPresent(removals -> removals.nftables(family, names));
      return;
    }
    Style used = style(family);
    String full = plan.text(new NftText(family, names, used.comments()));
    Tool.Result refused = run(List.of(), full);
    if (refused.passed()) {
      return;
    }
    if (run(List.of("--check"), full).passed()) { // it was busy
      throw refusal(family, refused);
    }
    for (Style modest : Style.MODEST) {
      NftPlan less = new NftPlan(false, supported(wanted, modest), plan.kept());
      String text = less.text(new NftText(family, names, modest.comments()));
      if (run(List.of("--check"), text).passed() && run(List.of(), text).passed()) {
        styles.put(family, modest);
        LOG.log(
            Level.WARNING,
            "nft refuses {0}{1} for {2}; going on without ({3})",
            modest.comments() ? "" : "comments ",
            modest.randomPorts() ? "" : "fully-random",
            family,
            refused.lastLines());
        return;
      }
    }
    throw refusal(family, refused);
  }

  private FirewallException refusal(Family family, Tool.Result refused) {
    TableName table = new TableName(family, names.nftTable(family));
    return new FirewallException(
        tables.state(table).filter(TableState::owned).isPresent()
            ? "table %s belongs to another program (flags owner): end that, or choose another name"
                    .formatted(table)
                + " with --instance"
            : "nft: " + refused.lastLines());
  }

  private Tool.Result run(List<String> options, String text) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of(nft().toString()));
    command.addAll(options);
    command.addAll(List.of("-f", "-"));
    LOG.log(Level.DEBUG, "{0}: {1}", command, text);
    return programs.tool().run(command, text, _ -> {});
  }

  private Path nft() {
    return programs
        .find("nft")
        .orElseThrow(() ->
            FirewallException.missing(
                "no nft found in PATH, /usr/sbin or /sbin: install the package nftables (1.0.1 or"
                    + " newer), or set \"EnableNFTables\": false in the network configuration"));
  }
}
