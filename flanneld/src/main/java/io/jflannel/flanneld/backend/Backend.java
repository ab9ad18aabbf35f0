// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns a view of the leases into the network state we want. Pure: no I/O, clock, random source or
 * thread.
 */
public interface Backend {

  /** The BackendType that leases of this backend carry. */
  String type();

  /** {@code FLANNEL_MTU}, in bytes. */
  int mtu(ExternalInterface external);

  /**
   * What this node publishes. A VTEP MAC that is published already wins over {@code vteps}.
   *
   * @param vteps MACs to use for what is not published yet
   */
  LeaseAttributes attributes(
      ExternalInterface external, Vteps vteps, Optional<LeaseAttributes> published);

  /**
   * Names of the devices this backend keeps, for ownership and for reading existing MACs: IPv4's,
   * IPv6's.
   */
  Devices devices();

  /**
   * The public addresses whose reachability {@link #desired} wants to know; empty unless
   * DirectRouting, or peers that unwrap in the kernel.
   */
  Set<Ip> asksFor(StoreView view);

  /**
   * Destinations where this backend's routes give way to others', which must therefore be read.
   *
   * @param own the held lease
   */
  default Set<Cidr> contested(Lease own) {
    return Set.of();
  }

  /** The wanted state for a held lease {@code own} and the view's peers. */
  Desired desired(ExternalInterface external, Lease own, Underlay underlay, StoreView view);

  /**
   * MACs from existing compatible devices, else random ones.
   *
   * @param v4 for the IPv4 device
   * @param v6 for the IPv6 device
   */
  record Vteps(MacAddress v4, MacAddress v6) {}

  /** Device names; empty where the backend or the configuration has none. */
  record Devices(Optional<String> v4, Optional<String> v6) {}

  /**
   * The answer of {@link #desired}.
   *
   * @param problems peers that cannot be served, or not fully, with reasons
   */
  record Desired(State state, List<Problem> problems) {}

  /** A peer that is not, or only partly, in the wanted state. */
  record Problem(Lease peer, String reason) {}
}
