// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.net.Cidr;
import java.util.Map;
import java.util.Optional;

/** For backends whose packets the kernel carries. */
final class NoTunnels implements Tunnels {

  @Override
  public Optional<Open> present() {
    return Optional.empty();
  }

  @Override
  public void open(TunDevice wanted) {
    throw new UnsupportedOperationException("no tunnel is wanted: " + wanted);
  }

  @Override
  public void forward(Map<Cidr, Peer> peers) {
    throw new UnsupportedOperationException("there is no tunnel");
  }

  @Override
  public void close() {}
}
