// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.tls.Failures;
import io.jflannel.flanneld.store.tls.Tls;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The etcd flags, checked, files read: all that a client of either API needs.
 *
 * @param tls present if https is used
 * @param prefix {@code --etcd-prefix} as given
 * @param warnings texts for the log, without secrets
 */
public record EtcdAccess(
    Endpoints endpoints,
    Optional<Tls> tls,
    Optional<Credentials> credentials,
    String prefix,
    List<String> warnings) {

  public EtcdAccess {
    warnings = List.copyOf(warnings);
  }

  /**
   * Checks the flags and reads the files they name. Nothing is sent.
   *
   * @throws ConfigException naming the flag and the file
   */
  public static EtcdAccess of(Options.Etcd options) {
    boolean pair = !options.keyFile().isEmpty() && !options.certFile().isEmpty();
    boolean certificates = pair || !options.caFile().isEmpty();
    Endpoints endpoints = Endpoints.parse(options.endpoints(), certificates);
    List<String> warnings = new ArrayList<>(endpoints.warnings());
    if (!pair && !(options.keyFile() + options.certFile()).isEmpty()) {
      warnings.add(
          "the etcd client certificate is not used: --etcd-certfile and --etcd-keyfile go together");
    }
    if (certificates && !endpoints.tls()) {
      warnings.add("etcd certificates are not used: the endpoints are http://"); // ODD-15
    }
    boolean user = !options.username().isEmpty();
    boolean password = !options.password().isEmpty();
    if (user != password) {
      warnings.add(
          "no authentication with etcd: --etcd-username and --etcd-password go together"); // ETC-7
    }
    return new EtcdAccess(
        endpoints,
        endpoints.tls() ? Optional.of(EtcdTls.read(options, pair)) : Optional.empty(),
        user && password
            ? Optional.of(new Credentials(options.username(), options.password()))
            : Optional.empty(),
        options.prefix(),
        warnings);
  }

  /** The endpoints that failed, each with its reason. */
  public static String list(Map<Endpoint, String> failures) {
    return String.join(
        "; ",
        failures.entrySet().stream()
            .map(failure -> failure.getKey().url() + ": " + failure.getValue())
            .toList());
  }

  /** What went wrong on the way to an endpoint, in an operator's words. */
  public String explain(Throwable failure) {
    return Failures.explain(failure, tls);
  }
}
