// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd2.Etcd2Registry;
import io.jflannel.flanneld.store.etcd3.Etcd3Registry;

/** Opens the registry that {@code --etcd-api} names. */
public final class EtcdRegistries {

  private static final System.Logger LOG = System.getLogger(EtcdRegistries.class.getName());

  private EtcdRegistries() {}

  /**
   * Checks the flags, reads the files they name and logs what is odd about them. Nothing is sent:
   * with {@code auto} the first question for the configuration decides.
   *
   * @throws ConfigException naming the flag and the file
   */
  public static Registry open(Options.Etcd options) {
    EtcdAccess access = EtcdAccess.of(options);
    access.warnings().forEach(warning -> LOG.log(System.Logger.Level.WARNING, warning));
    return switch (options.api()) {
      case V3 -> new Etcd3Registry(access);
      case V2 -> {
        Etcd2Registry.check(options);
        yield new Etcd2Registry(access);
      }
      case AUTO -> new ChoosingRegistry(options, access);
    };
  }
}
