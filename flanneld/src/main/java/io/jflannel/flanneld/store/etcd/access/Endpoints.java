// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import io.jflannel.flanneld.config.ConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code --etcd-endpoints}, parsed (ETC-5). The first usable endpoint's scheme decides for all;
 * without a scheme TLS is used if certificates are configured. Elements that cannot be used are
 * warned about as long as another one can.
 *
 * @param list in order, at least one
 * @param warnings texts for the log, without secrets
 */
public record Endpoints(List<Endpoint> list, List<String> warnings) {

  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]+");
  private static final Pattern HOST6 = Pattern.compile("[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?");

  public Endpoints {
    list = List.copyOf(list);
    warnings = List.copyOf(warnings);
  }

  /**
   * Parses the elements of {@code --etcd-endpoints}.
   *
   * @param certificates whether TLS files are configured
   * @throws ConfigException if no element can be used, naming each and why
   */
  public static Endpoints parse(List<String> elements, boolean certificates) {
    List<Parsed> parsed = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (String element : elements) {
      String text = element.strip();
      if (text.isEmpty()) {
        continue;
      }
      try {
        Parsed one = Parsed.of(text);
        if (one.userInfo()) {
          warnings.add(
              "user information in the etcd endpoint %s is ignored: use --etcd-username and --etcd-password"
                  .formatted(shown(text)));
        }
        parsed.add(one);
      } catch (IllegalArgumentException e) {
        problems.add("etcd endpoint \"%s\": %s".formatted(shown(text), e.getMessage()));
      }
    }
    if (parsed.isEmpty()) {
      throw new ConfigException(
          problems.isEmpty()
              ? "--etcd-endpoints names no endpoint"
              : "--etcd-endpoints cannot be used: " + String.join("; ", problems));
    }
    problems.forEach(problem -> warnings.add(problem + " (not used)"));
    return oneTransport(parsed, certificates, warnings);
  }

  private static Endpoints oneTransport(
      List<Parsed> parsed, boolean certificates, List<String> warnings) {
    boolean tls = parsed.getFirst().tls().orElse(certificates);
    List<Endpoint> endpoints = new ArrayList<>();
    for (Parsed one : parsed) {
      Endpoint endpoint = new Endpoint(tls, one.host(), one.portOr(tls ? 443 : 80), one.path());
      if (one.tls().orElse(tls) != tls) {
        warnings.add(
            "the first etcd endpoint's scheme decides for all: using %s".formatted(endpoint));
      }
      if (!endpoints.contains(endpoint)) {
        endpoints.add(endpoint);
      }
    }
    return new Endpoints(endpoints, warnings);
  }

  /** Whether TLS is used. */
  public boolean tls() {
    return list.getFirst().tls();
  }

  /** Comma-separated URLs. */
  public String text() {
    return String.join(",", list.stream().map(Endpoint::url).toList());
  }

  /** The text without what could be {@code user:password@}. */
  private static String shown(String text) {
    int start = Math.max(text.indexOf("://"), -3) + 3;
    int at = text.lastIndexOf('@');
    return at < start ? text : text.substring(0, start) + "***" + text.substring(at);
  }

  private record Parsed(
      Optional<Boolean> tls, String host, int port, String path, boolean userInfo) {

    static Parsed of(String text) {
      int mark = text.indexOf("://");
      Optional<Boolean> tls = mark < 0 ? Optional.empty() : Optional.of(scheme(text, mark));
      String rest = mark < 0 ? text : text.substring(mark + 3);
      int at = rest.lastIndexOf('@');
      String bare = rest.substring(at + 1);
      int slash = bare.indexOf('/');
      String authority = slash < 0 ? bare : bare.substring(0, slash);
      String path = slash < 0 ? "" : bare.substring(slash).replaceAll("/+$", "");
      if (path.chars().anyMatch(c -> c <= ' ' || c == '?' || c == '#' || c > '~')) {
        throw new IllegalArgumentException("a query, a fragment or blanks have no place here");
      }
      int end = authority.startsWith("[") ? authority.indexOf(']') + 1 : authority.indexOf(':');
      if (authority.startsWith("[") && end == 0) {
        throw new IllegalArgumentException("no ] after [");
      }
      String host = end < 0 ? authority : authority.substring(0, end);
      String port = end < 0 ? "" : authority.substring(end);
      return new Parsed(tls, host(host, port), port(port), path, at >= 0);
    }

    private static boolean scheme(String text, int mark) {
      return switch (text.substring(0, mark).toLowerCase(Locale.ROOT)) {
        case "http" -> false;
        case "https" -> true;
        case "unix", "unixs" ->
            throw new IllegalArgumentException(
                "unix sockets are not supported: use a http:// or https:// URL");
        default ->
            throw new IllegalArgumentException(
                "unsupported scheme \"%s\": use http or https".formatted(text.substring(0, mark)));
      };
    }

    private static String host(String host, String port) {
      if (host.startsWith("[")) {
        String inner = host.substring(1, host.length() - 1);
        if (HOST6.matcher(inner).matches()) {
          return inner;
        }
      } else if (port.indexOf(':', 1) > 0) {
        throw new IllegalArgumentException(
            "more than one colon: an IPv6 address needs brackets, as in http://[fd00::1]:2379");
      } else if (HOST.matcher(host).matches()) {
        return host;
      }
      throw new IllegalArgumentException(
          host.isEmpty() ? "no host" : "\"%s\" is no host name or address".formatted(host));
    }

    /** 0 if there is none. */
    private static int port(String text) {
      if (text.isEmpty()) {
        return 0;
      }
      if (text.matches(":[0-9]{1,5}")) {
        int port = Integer.parseInt(text.substring(1));
        if (port >= 1 && port <= 65_535) {
          return port;
        }
      }
      throw new IllegalArgumentException(
          "\"%s\" is no port (1 to 65535)".formatted(text.replaceFirst(":", "")));
    }

    int portOr(int fallback) {
      return port == 0 ? fallback : port;
    }
  }
}
