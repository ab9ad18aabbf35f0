// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.RegistryStore;
import io.jflannel.flanneld.store.etcd.EtcdRegistries;
import io.jflannel.flanneld.store.kubernetes.KubernetesStore;
import io.jflannel.flanneld.store.local.LocalRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Which store the options mean. */
final class Stores {

  private Stores() {}

  /**
   * Opens it; nothing is asked yet.
   *
   * @param environment of the process
   * @throws ConfigException if a flag or a file it names cannot be used
   */
  static LeaseStore open(Options options, Map<String, String> environment) {
    if (options.kubernetes().enabled()) {
      return KubernetesStore.open(options.kubernetes(), environment);
    }
    Registry registry =
        options
            .localStore()
            .map(Stores::local)
            .orElseGet(() -> EtcdRegistries.open(options.etcd()));
    return new RegistryStore(registry, NetworkConfigParser::parse);
  }

  /** A directory that is missing may come, or is made when the first lease is written. */
  private static Registry local(Path dir) {
    if (Files.exists(dir) && !Files.isDirectory(dir)) {
      throw new ConfigException(
          "Invalid local-store option: %s is no directory; name one that has, or shall have, the"
                  .formatted(dir)
              + " file \"config\" and the leases in it");
    }
    return new LocalRegistry(dir);
  }
}
