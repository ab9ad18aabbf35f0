// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.Options.OnLeaseLost;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Where leases live. Implementations: a registry-backed one over etcd v3, etcd v2 or a local
 * directory, and Kubernetes.
 */
public interface LeaseStore extends AutoCloseable {

  /** Text for the log and the status, without secrets. */
  String description();

  /** Where the network configuration stands, as a message begins: which key or file. */
  String configPlace();

  /**
   * Reads and validates the network configuration once.
   *
   * @throws StoreException if the store cannot be asked or has none: the message says which key and
   *     what would fix it (P12)
   * @throws io.jflannel.flanneld.config.ConfigException if it is there but wrong; the message
   *     begins with {@link #configPlace}
   */
  NetworkConfig readConfig() throws InterruptedException;

  /**
   * The addresses that the store's administrator prescribes for this node (KUB-12): they take the
   * place of {@code --public-ip} and {@code --public-ipv6}. Asked once, before {@link #run}.
   *
   * @throws StoreException if the store cannot be asked
   */
  default Map<Family, String> prescribedAddresses() throws InterruptedException {
    return Map.of();
  }

  /** The network works: who waits for that in the store may be told. Never blocks. */
  default void networkIsUp() {}

  /**
   * Acquires the own lease, keeps it, and publishes a view after every change, until interrupted.
   * Outside failures are retried with back-off and shown in the view; they never end this method.
   * It ends with an exception only on a bug, or, as {@link LeaseLostException}, when the lease was
   * lost to another node and the request says that this ends the daemon.
   */
  void run(Request request, Latest<StoreView> views) throws InterruptedException;

  @Override
  void close();

  /**
   * What to acquire.
   *
   * @param previousV4 subnet named by the subnet file of a former run (5.4), network address
   * @param attributes what to publish; a newer function leads to an update by compare-and-swap
   * @param renewMargin how long before expiry to renew (LIF-11)
   * @param onLost what to do when another node has our subnet
   */
  record Request(
      NetworkConfig config,
      Optional<Cidr> previousV4,
      Optional<Cidr> previousV6,
      Latest<OwnAttributes> attributes,
      Duration renewMargin,
      OnLeaseLost onLost) {}
}
