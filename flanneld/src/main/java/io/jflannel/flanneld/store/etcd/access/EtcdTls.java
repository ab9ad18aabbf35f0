// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.tls.ClientIdentity;
import io.jflannel.flanneld.store.tls.PemSource;
import io.jflannel.flanneld.store.tls.Tls;
import io.jflannel.flanneld.store.tls.Trust;
import java.util.Optional;

/**
 * TLS as the etcd flags want it. A CA file works alone (ODD-15); without one the system's
 * authorities count (ETC-6).
 */
final class EtcdTls {

  private EtcdTls() {}

  static Tls read(Options.Etcd options, boolean certificatePair) {
    Optional<ClientIdentity> identity =
        certificatePair
            ? Optional.of(
                new ClientIdentity(
                    new PemSource.File(options.certFile(), "--etcd-certfile"),
                    new PemSource.File(options.keyFile(), "--etcd-keyfile")))
            : Optional.empty();
    Trust trust =
        options.caFile().isEmpty()
            ? Trust.system()
            : Trust.of(new PemSource.File(options.caFile(), "--etcd-cafile"));
    return new Tls(trust, identity, "--etcd-certfile and --etcd-keyfile");
  }
}
