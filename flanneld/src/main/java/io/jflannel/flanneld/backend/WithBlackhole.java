// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via.Blackhole;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code --ip-blackhole-route} (backends.md 15): any backend, and a blackhole for the own subnet of
 * each family. It gives way to other routes for that prefix: {@link
 * io.jflannel.flanneld.state.Blackholes}.
 */
record WithBlackhole(Backend backend) implements Backend {

  @Override
  public Desired desired(ExternalInterface external, Lease own, Underlay underlay, StoreView view) {
    Desired desired = backend.desired(external, own, underlay, view);
    List<Resource> resources = new ArrayList<>(desired.state().all());
    for (Cidr subnet : contested(own)) {
      resources.add(new Route(subnet, new Blackhole()));
    }
    return new Desired(State.of(resources), desired.problems());
  }

  @Override
  public Set<Cidr> contested(Lease own) {
    Set<Cidr> subnets = new HashSet<>();
    for (Family family : Family.values()) {
      own.subnets().of(family).map(Cidr::network).ifPresent(subnets::add);
    }
    return subnets;
  }

  @Override
  public String type() {
    return backend.type();
  }

  @Override
  public int mtu(ExternalInterface external) {
    return backend.mtu(external);
  }

  @Override
  public LeaseAttributes attributes(
      ExternalInterface external, Vteps vteps, Optional<LeaseAttributes> published) {
    return backend.attributes(external, vteps, published);
  }

  @Override
  public Devices devices() {
    return backend.devices();
  }

  @Override
  public Set<Ip> asksFor(StoreView view) {
    return backend.asksFor(view);
  }
}
