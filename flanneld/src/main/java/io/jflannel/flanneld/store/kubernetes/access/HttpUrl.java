// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Endpoints;
import java.net.URI;
import java.net.URISyntaxException;

/** URLs as settings give them: http or https, a host, perhaps a port and a path. */
final class HttpUrl {

  private HttpUrl() {}

  static boolean hasScheme(String text) {
    return text.contains("://");
  }

  /**
   * Parses one.
   *
   * @param scheme if it has none
   * @param what names the setting
   * @param whose what the URL is to lead to, with an example
   * @throws ConfigException also if it has user, password or query
   */
  static URI parse(String text, String scheme, String what, String whose) {
    try {
      URI uri = new URI(hasScheme(text) ? text : scheme + "://" + text);
      boolean known = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (known && uri.getHost() != null && uri.getUserInfo() == null && uri.getQuery() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw new ConfigException(
          "%s: \"%s\" is no URL: %s".formatted(what, Endpoints.masked(text), e.getReason()));
    }
    throw new ConfigException(
        "%s: \"%s\" is no URL of %s".formatted(what, Endpoints.masked(text), whose));
  }
}
