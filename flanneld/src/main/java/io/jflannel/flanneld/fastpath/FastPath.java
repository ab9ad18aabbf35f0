// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.flanneld.lease.KernelDecap;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.bpf.Assembler;
import io.jflannel.linux.bpf.BpfMap;
import io.jflannel.linux.bpf.BpfProgram;
import io.jflannel.linux.bpf.Layout;
import io.jflannel.linux.bpf.PerCpuArray;
import io.jflannel.linux.bpf.TcxLink;
import io.jflannel.linux.bpf.TcxLink.Hook;
import io.jflannel.linux.bpf.VerifierException;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The two programs of the fast path at their devices:
 *
 * <pre>
 *  pods ─ stack ─► TUN egress ══► underlay          underlay ingress ══► TUN ingress ─► stack ─ pods
 *                    │ not plain, no such peer           │ not plain, not from such a peer
 *                    ▼                                   ▼
 *                  TUN's reader (user space)           stack, UDP socket (user space)
 * </pre>
 *
 * <p>It moves nothing before it knows peers. It ends with {@link #close} or with the process; the
 * user-space path must run beside it. One thread owns it; {@link #counters} may be asked by any.
 */
public final class FastPath implements AutoCloseable {

  /** Only what is used takes memory: more subnets than a network of /8 has in /26. */
  private static final int MOST_PEERS = 1 << 18;

  private final BpfMap<Cidr, FastPeer> peers;
  private final PerCpuArray<List<Long>> counters;
  private final TcxLink ingress;
  private final TcxLink egress;

  private final List<Runnable> endings;

  private FastPath(FastPathSetup setup, List<Runnable> endings) {
    this.endings = endings;
    peers = BpfMap.prefixes("flannel_peers", FastPeer.LAYOUT, MOST_PEERS);
    endings.add(peers::close);
    counters = PerCpuArray.create("flannel_count", Layout.u64s(FastPathCounters.SLOTS), 1);
    endings.add(counters::close);
    Assembler in = IngressProgram.of(setup, peers, counters);
    ingress = link("flannel_in", in, setup.underlayIndex(), Hook.INGRESS);
    endings.add(ingress::close);
    Assembler out = EgressProgram.of(setup, peers, counters);
    egress = link("flannel_out", out, setup.tunIndex(), Hook.EGRESS);
    endings.add(egress::close);
  }

  /**
   * Attaches to devices of the calling thread's network namespace. The underlay may be whatever has
   * Ethernet frames: a network card, a veth, VLAN, bond, bridge or macvlan device.
   *
   * @throws LinuxException with what would help: EOPNOTSUPP if the underlay has no Ethernet frames
   *     (ppp, wireguard, ipip, loopback) or the kernel no TCX (before 6.6); EPERM without CAP_BPF
   *     and CAP_NET_ADMIN; ENODEV if a device is gone; {@link VerifierException} if the kernel does
   *     not accept our programs
   */
  public static FastPath attach(FastPathSetup setup) {
    demandEthernet(setup.underlayIndex());
    List<Runnable> endings = new ArrayList<>();
    try {
      return new FastPath(setup, endings);
    } catch (LinuxException e) {
      endings.reversed().forEach(Runnable::run);
      throw e;
    }
  }

  /** The kernel wraps packets in the frames of the device, and we look behind 14 bytes of them. */
  private static void demandEthernet(int index) {
    try (RouteSocket socket = RouteSocket.open()) {
      String operation = "attach the eBPF fast path to interface " + index;
      Link link =
          socket
              .link(index)
              .orElseThrow(() -> new LinuxException(operation, Errno.ENODEV.number(), ""));
      if (link.loopback() || link.mac().isEmpty()) {
        throw new LinuxException(
            operation,
            Errno.EOPNOTSUPP.number(),
            link.name() + " has no Ethernet frames, use another --udp-datapath");
      }
    }
  }

  private static TcxLink link(String name, Assembler code, int index, Hook hook) {
    try (BpfProgram program = BpfProgram.load(name, code)) {
      return TcxLink.attach(program, index, hook);
    }
  }

  /**
   * From now on these peers get their packets by the fast path, and theirs are taken. Only the
   * difference is written: a peer that stays is there at every moment.
   *
   * @param wanted all peers by IPv4 subnet. Packets may be sent only to those that announce {@link
   *     KernelDecap} and are reached by the underlay device.
   * @throws LinuxException ENOSPC, ENOMEM: some may be missing, all may be tried again
   */
  public void peers(Map<Cidr, FastPeer> wanted) {
    PeerChanges changes = PeerChanges.between(wanted, peers.entries());
    peers.removeAll(changes.remove());
    peers.putAll(changes.put());
  }

  /** What the programs have counted since {@link #attach}. */
  public FastPathCounters counters() {
    return FastPathCounters.of(counters.lookup(0));
  }

  /**
   * Whether both devices are still there. If not, packets of peers are lost: attach anew to the new
   * device and close this.
   */
  public boolean attached() {
    return ingress.isAttached() && egress.isAttached();
  }

  /** Everything goes by user space again. */
  @Override
  public void close() {
    endings.reversed().forEach(Runnable::run);
  }
}
