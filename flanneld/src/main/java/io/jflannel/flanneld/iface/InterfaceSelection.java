// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.iface.HostNetwork.DefaultRoute;
import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.iface.HostNetwork.RouteTo;
import io.jflannel.flanneld.iface.Lookup.Hit;
import io.jflannel.flanneld.iface.Lookup.Miss;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.PatternSyntaxException;

/** Chooses the external interface as spec section 4 says. */
public final class InterfaceSelection {

  private final Wish wish;
  private final HostNetwork host;
  private final RouteTo routes;

  private InterfaceSelection(Wish wish, HostNetwork host, RouteTo routes) {
    this.wish = wish;
    this.host = host;
    this.routes = routes;
  }

  /** Chooses an interface, or says for each candidate why it is none. */
  public static Selection select(Wish wish, HostNetwork host, RouteTo routes) {
    return new InterfaceSelection(wish, host, routes).select();
  }

  /**
   * What is wrong with the candidates, one line each, if none of them can succeed on any host;
   * empty if one may. A bad one among good ones is passed over (IF-2).
   *
   * @param ifaces {@code --iface}
   * @param regexes {@code --iface-regex}
   * @param canReach {@code --iface-can-reach}
   */
  public static List<String> hopeless(List<String> ifaces, List<String> regexes, String canReach) {
    List<String> problems = new ArrayList<>();
    regexes.forEach(regex -> regexProblem(regex).ifPresent(problems::add));
    reachProblem(canReach).ifPresent(problems::add);
    int candidates = ifaces.size() + regexes.size() + (canReach.isEmpty() ? 0 : 1);
    return problems.size() == candidates ? problems : List.of();
  }

  private static Optional<String> regexProblem(String regex) {
    try {
      Regex.compile(regex);
      return Optional.empty();
    } catch (PatternSyntaxException e) {
      return Optional.of(
          "--iface-regex=" + regex + ": no regular expression: " + e.getDescription());
    }
  }

  private static Optional<String> reachProblem(String target) {
    return target.isEmpty() || Announced.literal(target).isPresent()
        ? Optional.empty()
        : Optional.of("--iface-can-reach=" + target + ": no IP address");
  }

  private Selection select() {
    List<String> misses = new ArrayList<>(Announced.problems(wish));
    if (misses.isEmpty()) {
      for (Supplier<Lookup> lookup : lookups()) {
        switch (lookup.get()) {
          case Hit hit -> {
            return new Selection.Found(external(hit), misses);
          }
          case Miss miss -> misses.add(miss.reason());
        }
      }
    }
    misses.add("interfaces of this host: " + host.description());
    return new Selection.None(misses);
  }

  /** IF-1 and IF-2: what is tried, in order. */
  private List<Supplier<Lookup>> lookups() {
    List<Supplier<Lookup>> lookups = new ArrayList<>();
    wish.ifaces().forEach(name -> lookups.add(() -> candidate(name, "--iface=" + name)));
    wish.regexes().forEach(regex -> lookups.add(() -> byRegex(regex)));
    if (!wish.canReach().isEmpty()) {
      lookups.add(this::byReach);
    }
    if (lookups.isEmpty()) {
      lookups.add(this::byPublicIp);
    }
    return lookups;
  }

  /** IF-1. An address of a NAT is on no interface: then one must be named too. */
  private Lookup byPublicIp() {
    String flag = wish.publicIp().isEmpty() ? "--public-ipv6=" : "--public-ip=";
    String candidate = wish.publicIp().isEmpty() ? wish.publicIpv6() : wish.publicIp();
    Lookup lookup = candidate(candidate, flag + candidate);
    return lookup instanceof Miss(String reason) && !candidate.isEmpty()
        ? new Miss(reason + " (if it is that of a NAT, name the interface with --iface as well)")
        : lookup;
  }

  /** IF-3, IF-4: an address, a name, or nothing at all, which means the default route. */
  private Lookup candidate(String candidate, String flag) {
    if (candidate.isEmpty()) {
      return byDefaultRoute();
    }
    Optional<Ip> ip = Announced.literal(candidate);
    if (ip.isPresent()) {
      return byAddress(ip.get(), flag);
    }
    return host.named(candidate)
        .map(link -> complete(flag, link, Optional.empty(), Optional.empty()))
        .orElseGet(() -> new Miss(flag + ": there is no interface of that name" + list(candidate)));
  }

  private static String list(String candidate) {
    return candidate.contains(",") ? "; several are given by several --iface" : "";
  }

  private Lookup byAddress(Ip ip, String flag) {
    if (wish.dual()) {
      return ip.isV4() ? byV4OfDual(ip, flag) : byV6OfDual(ip, flag);
    }
    if (!wish.wants(ip.family())) {
      return new Miss(flag + ": the network has no " + ip.family());
    }
    return host.holding(ip)
        .map(link -> complete(flag, link, ip))
        .orElseGet(() -> new Miss(flag + ": no interface has this address"));
  }

  private Lookup byV4OfDual(Ip v4, String flag) {
    Optional<Link> link = host.holding(v4);
    if (link.isEmpty()) {
      return new Miss(flag + ": no interface has this address");
    }
    Optional<Ip> v6 = Announced.literal(wish.publicIpv6());
    if (v6.isPresent() && !host.holding(v6.get()).equals(link)) {
      return new Miss(
          "%s: interface %s does not have --public-ipv6=%s"
              .formatted(flag, link.get().name(), wish.publicIpv6()));
    }
    return complete(flag, link.get(), Optional.of(v4), v6);
  }

  /** The announced address decides if there is one, else the candidate itself (ODD-11). */
  private Lookup byV6OfDual(Ip candidate, String flag) {
    Ip v6 = Announced.literal(wish.publicIpv6()).orElse(candidate);
    return host.holding(v6)
        .map(link -> complete(flag, link, v6))
        .orElseGet(() -> new Miss(flag + ": no interface has the address " + v6));
  }

  /** IF-5: addresses of all interfaces first, then names. */
  private Lookup byRegex(String text) {
    if (text.isEmpty()) {
      return byDefaultRoute();
    }
    Optional<String> problem = regexProblem(text);
    if (problem.isPresent()) {
      return new Miss(problem.get());
    }
    String flag = "--iface-regex=" + text;
    Regex regex = Regex.compile(text);
    for (Link link : host.links()) {
      Optional<Ip> v4 = matching(regex, link, Family.V4);
      Optional<Ip> v6 = matching(regex, link, Family.V6);
      if (wish.families().stream()
          .allMatch(family -> (family == Family.V4 ? v4 : v6).isPresent())) {
        return complete(flag, link, v4, v6);
      }
    }
    return host.links().stream()
        .filter(link -> regex.in(link.name()))
        .findFirst()
        .map(link -> complete(flag, link, Optional.empty(), Optional.empty()))
        .orElseGet(() -> new Miss(flag + ": neither an address nor a name matches"));
  }

  private static Optional<Ip> matching(Regex regex, Link link, Family family) {
    return AddressPreference.candidates(link, family).stream()
        .filter(ip -> regex.in(ip.toString()))
        .findFirst();
  }

  /** IF-6. */
  private Lookup byReach() {
    Optional<String> problem = reachProblem(wish.canReach());
    if (problem.isPresent()) {
      return new Miss(problem.get());
    }
    String flag = "--iface-can-reach=" + wish.canReach();
    Ip target = Ip.parse(wish.canReach());
    if (!wish.wants(target.family())) {
      return new Miss(flag + ": the network has no " + target.family());
    }
    return routes
        .ask(target)
        .flatMap(way ->
            host.indexed(way.link())
                .map(link ->
                    way.source()
                        .map(source -> complete(flag, link, source))
                        .orElseGet(() -> complete(flag, link, Optional.empty(), Optional.empty()))))
        .orElseGet(() -> new Miss(flag + ": the kernel has no route to it"));
  }

  /** IF-7. */
  private Lookup byDefaultRoute() {
    List<Link> links = new ArrayList<>();
    for (Family family : Family.values()) {
      if (!wish.wants(family)) {
        continue;
      }
      Optional<DefaultRoute> route =
          host.defaultRoutes().stream().filter(r -> r.family() == family).findFirst();
      if (route.isEmpty()) {
        return new Miss("default route: there is none for " + family + "; name one with --iface");
      }
      if (route.get().link().isEmpty()) {
        return new Miss("default route: that of " + family + " has several interfaces");
      }
      Optional<Link> link = host.indexed(route.get().link().getAsInt());
      if (link.isEmpty()) {
        return new Miss("default route: the interface of that of " + family + " is gone");
      }
      links.add(link.get());
    }
    if (!links.getFirst().equals(links.getLast())) {
      return new Miss(
          "default route: IPv4 leaves through %s, IPv6 through %s; name one with --iface"
              .formatted(links.getFirst().name(), links.getLast().name()));
    }
    return complete("default route", links.getFirst(), Optional.empty(), Optional.empty());
  }

  private Lookup complete(String flag, Link link, Ip known) {
    return known.isV4()
        ? complete(flag, link, Optional.of(known), Optional.empty())
        : complete(flag, link, Optional.empty(), Optional.of(known));
  }

  /** Adds the addresses that the lookup itself did not name (IF-8), and checks the MTU (IF-9). */
  private Lookup complete(String flag, Link link, Optional<Ip> v4, Optional<Ip> v6) {
    if (link.mtu() <= 0) {
      return new Miss(flag + ": interface " + link.name() + " has MTU " + link.mtu());
    }
    Optional<Ip> found4 = chosen(link, Family.V4, v4);
    Optional<Ip> found6 = chosen(link, Family.V6, v6);
    if (wish.wants(Family.V4) && found4.isEmpty()) {
      return new Miss(flag + ": interface " + link.name() + " has no usable IPv4 address");
    }
    if (wish.wants(Family.V6) && found6.isEmpty()) {
      return new Miss(flag + ": interface " + link.name() + " has no usable IPv6 address");
    }
    return new Hit(link, found4, found6);
  }

  private Optional<Ip> chosen(Link link, Family family, Optional<Ip> known) {
    return wish.wants(family)
        ? known.or(() -> AddressPreference.candidates(link, family).stream().findFirst())
        : Optional.empty();
  }

  private ExternalInterface external(Hit hit) {
    return Announced.external(wish, hit.link(), hit.v4(), hit.v6());
  }
}
