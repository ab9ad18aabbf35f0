// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.config.Options.EtcdApi;
import java.nio.file.Path;
import java.util.List;

/** The etcd flags of a test, as a value. */
public record EtcdFlags(
    List<String> endpoints,
    String prefix,
    String key,
    String cert,
    String ca,
    String user,
    String password) {

  public static EtcdFlags at(String... endpoints) {
    return new EtcdFlags(List.of(endpoints), "/coreos.com/network", "", "", "", "", "");
  }

  public EtcdFlags ca(Path file) {
    return new EtcdFlags(endpoints, prefix, key, cert, file.toString(), user, password);
  }

  public EtcdFlags client(Path certFile, Path keyFile) {
    return new EtcdFlags(
        endpoints, prefix, keyFile.toString(), certFile.toString(), ca, user, password);
  }

  public EtcdFlags user(String name, String secret) {
    return new EtcdFlags(endpoints, prefix, key, cert, ca, name, secret);
  }

  public EtcdFlags prefix(String other) {
    return new EtcdFlags(endpoints, other, key, cert, ca, user, password);
  }

  public Options.Etcd api(EtcdApi api) {
    return new Options.Etcd(endpoints, prefix, key, cert, ca, user, password, api);
  }
}
