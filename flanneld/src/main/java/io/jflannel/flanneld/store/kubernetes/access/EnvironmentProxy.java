// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxy that the environment names, by Go's rules (golang.org/x/net/http/httpproxy): {@code
 * HTTPS_PROXY} or {@code HTTP_PROXY} after the server's scheme, unless {@code NO_PROXY} excepts the
 * host; loopback never goes through a proxy.
 */
final class EnvironmentProxy {

  private EnvironmentProxy() {}

  static Optional<ApiAccess.Proxy> of(URI server, Map<String, String> environment) {
    boolean https = "https".equals(server.getScheme());
    String named = value(environment, https ? "HTTPS_PROXY" : "HTTP_PROXY");
    String host = server.getHost().toLowerCase(Locale.ROOT);
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    int port = server.getPort() >= 0 ? server.getPort() : https ? 443 : 80;
    if (named.isEmpty() || isExcepted(bare, port, value(environment, "NO_PROXY"))) {
      return Optional.empty();
    }
    return Optional.of(parse(named, https ? "HTTPS_PROXY" : "HTTP_PROXY"));
  }

  /**
   * A proxy's URL; without a scheme it is http.
   *
   * @throws ConfigException for any other scheme, and for user and password
   */
  static ApiAccess.Proxy parse(String url, String what) {
    URI uri = HttpUrl.parse(url, "http", what, "a proxy, such as http://192.0.2.1:3128");
    if (!"http".equals(uri.getScheme())) {
      throw new ConfigException("%s: only proxies with http:// URLs can be used".formatted(what));
    }
    return new ApiAccess.Proxy(uri.getHost(), uri.getPort() >= 0 ? uri.getPort() : 80);
  }

  private static String value(Map<String, String> environment, String name) {
    String upper = environment.getOrDefault(name, "");
    return upper.isEmpty() ? environment.getOrDefault(name.toLowerCase(Locale.ROOT), "") : upper;
  }

  private static boolean isExcepted(String host, int port, String exceptions) {
    Optional<Ip> address = ip(host);
    if (host.equals("localhost") || address.filter(Ip::isLoopback).isPresent()) {
      return true;
    }
    for (String part : exceptions.toLowerCase(Locale.ROOT).split(",", -1)) {
      String exception = part.strip();
      if (!exception.isEmpty() && covers(exception, host, port, address)) {
        return true;
      }
    }
    return false;
  }

  private static boolean covers(String exception, String host, int port, Optional<Ip> address) {
    if (exception.equals("*")) {
      return true;
    }
    if (address.isPresent()) {
      return coversAddress(exception, address.get())
          || exception.equals(host + ":" + port)
          || exception.equals("[" + host + "]:" + port);
    }
    int colon = exception.lastIndexOf(':');
    if (colon >= 0 && !exception.substring(colon + 1).equals(Integer.toString(port))) {
      return false;
    }
    String name = colon >= 0 ? exception.substring(0, colon) : exception;
    String suffix = name.startsWith("*.") ? name.substring(1) : name;
    return suffix.startsWith(".")
        ? host.endsWith(suffix)
        : host.equals(suffix) || host.endsWith("." + suffix);
  }

  private static boolean coversAddress(String exception, Ip address) {
    try {
      return exception.indexOf('/') >= 0
          ? Cidr.parse(exception).contains(address)
          : Ip.parse(exception).equals(address);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Optional<Ip> ip(String text) {
    try {
      return Optional.of(Ip.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
