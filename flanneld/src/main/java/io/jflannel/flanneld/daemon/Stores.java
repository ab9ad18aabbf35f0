// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.RegistryStore;
import io.jflannel.flanneld.store.etcd.EtcdRegistries;
import io.jflannel.flanneld.store.local.LocalRegistry;

/** Which store the options mean. */
final class Stores {

  private Stores() {}

  /**
   * Opens it; nothing is asked yet.
   *
   * @throws io.jflannel.flanneld.config.ConfigException if a flag or a file it names cannot be used
   */
  static LeaseStore open(Options options) {
    return new RegistryStore(
        options.localStore().isPresent()
            ? new LocalRegistry(options.localStore().get())
            : EtcdRegistries.open(options.etcd()),
        NetworkConfigParser::parse);
  }
}
