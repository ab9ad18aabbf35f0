// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.flanneld.udp.reference.Wire;
import io.jflannel.linux.NetworkNamespace;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A tunnel of ours on a host of a {@link Wire}, with what the reconcile loop would do around it.
 */
final class OurPeer implements AutoCloseable {

  static final int OVERHEAD = 28;

  private final Tunnel tunnel;
  private final AtomicInteger losses = new AtomicInteger();
  private final Map<Cidr, Ip> hops = new HashMap<>();

  OurPeer(Wire wire, int host, int mtu, String tunAddress, Datapath datapath)
      throws InterruptedException {
    TunnelSetup setup =
        new TunnelSetup(
            "flannel%d",
            Ip.parse(Wire.address(host)),
            8285,
            Cidr.parse("10.5.0.0/16"),
            Cidr.parse(tunAddress + "/24"),
            mtu - OVERHEAD,
            Optional.of(datapath));
    try (NetworkNamespace namespace = NetworkNamespace.named(wire.host(host))) {
      tunnel = namespace.run(() -> Tunnel.open(setup));
    }
    String ip = "ip -n " + wire.host(host) + " ";
    String device = tunnel.device();
    Run.command(ip + "addr add " + tunAddress + "/32 dev " + device);
    Run.command(ip + "link set " + device + " mtu " + (mtu - OVERHEAD) + " up");
    Run.command(ip + "route add 10.5.0.0/16 dev " + device);
    tunnel.onLost(losses::incrementAndGet);
    tunnel.start();
  }

  void route(String subnet, int host) {
    hops.put(Cidr.parse(subnet), Ip.parse(Wire.address(host)));
    tunnel.forward(ForwardingTable.of(hops));
  }

  Tunnel tunnel() {
    return tunnel;
  }

  int losses() {
    return losses.get();
  }

  @Override
  public void close() {
    tunnel.close();
  }
}
