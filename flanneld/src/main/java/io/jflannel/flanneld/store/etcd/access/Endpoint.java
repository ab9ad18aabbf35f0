// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

/**
 * One etcd client URL, without user information.
 *
 * @param tls whether the scheme is https
 * @param host name or IP literal, IPv6 without brackets
 * @param port 1..65535
 * @param path base path of the v2 API, empty or with a leading and without a trailing slash; the v3
 *     API ignores it
 */
public record Endpoint(boolean tls, String host, int port, String path) {

  /** {@code host:port} as in a URL. */
  public String authority() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** For requests, logs and messages; never holds a password. */
  public String url() {
    return (tls ? "https://" : "http://") + authority() + path;
  }

  @Override
  public String toString() {
    return url();
  }
}
