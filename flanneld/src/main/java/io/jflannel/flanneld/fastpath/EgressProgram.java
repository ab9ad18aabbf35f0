// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.flanneld.fastpath.Wire.ETHERNET;
import static io.jflannel.flanneld.fastpath.Wire.IP;
import static io.jflannel.flanneld.fastpath.Wire.OVERHEAD;
import static io.jflannel.flanneld.fastpath.Wire.network16;
import static io.jflannel.flanneld.fastpath.Wire.network32;
import static io.jflannel.linux.bpf.Register.R0;
import static io.jflannel.linux.bpf.Register.R1;
import static io.jflannel.linux.bpf.Register.R2;
import static io.jflannel.linux.bpf.Register.R3;
import static io.jflannel.linux.bpf.Register.R4;
import static io.jflannel.linux.bpf.Register.R5;
import static io.jflannel.linux.bpf.Register.R6;
import static io.jflannel.linux.bpf.Register.R8;
import static io.jflannel.linux.bpf.Register.R9;

import io.jflannel.linux.bpf.Assembler;
import io.jflannel.linux.bpf.Assembler.Condition;
import io.jflannel.linux.bpf.Assembler.Label;
import io.jflannel.linux.bpf.Assembler.Operation;
import io.jflannel.linux.bpf.Assembler.Width;
import io.jflannel.linux.bpf.BpfMap;
import io.jflannel.linux.bpf.Helper;
import io.jflannel.linux.bpf.PerCpuArray;
import io.jflannel.net.Cidr;
import java.util.List;

/**
 * On packets that leave by the TUN device: wraps those to peers and sends them by the underlay.
 *
 * <pre>
 *  14         20        8      the packet, TTL - 1
 *  Ethernet | IP, DF | UDP  |  IP | ...
 * </pre>
 *
 * <p>The UDP checksum is 0 ("none", RFC 768): the inner one may still be left to the hardware, and
 * super-packets (GSO) are cut only where the underlay demands it.
 *
 * <p>R8: the peer's address; R9: length of the inner packet.
 */
final class EgressProgram {

  /** BPF_ADJ_ROOM_MAC: behind the link's header, which a TUN device has not. */
  private static final int ROOM_MAC = 1;

  /** BPF_F_ADJ_ROOM_FIXED_GSO, ENCAP_L3_IPV4 and ENCAP_L4_UDP. */
  private static final int ENCAPSULATE = 1 | 1 << 1 | 1 << 4;

  /** The default of net.ipv4.ip_default_ttl. */
  private static final int OUTER_TTL = 64;

  private static final int DONT_FRAGMENT = 0x4000;
  private static final int LONGEST_DATAGRAM = 65_535;

  /** TCP's data offset: in the upper half of this byte, in words. */
  private static final int TCP_OFFSET = 12;

  private final FastPathSetup setup;
  private final PacketCode packet = new PacketCode();
  private final Assembler code = packet.code;

  private EgressProgram(FastPathSetup setup) {
    this.setup = setup;
  }

  static Assembler of(
      FastPathSetup setup, BpfMap<Cidr, FastPeer> peers, PerCpuArray<List<Long>> counters) {
    var program = new EgressProgram(setup);
    program.code.move(R6, R1);
    program.packet.findCounters(counters);
    program.admitPlain();
    program.admitFitting();
    program.findHost(peers);
    program.grow();
    program.writeOuter();
    program.writeInner();
    program.send();
    return program.packet.finish();
  }

  private void admitPlain() {
    Label unusual = packet.end(Reason.SEND_UNUSUAL);
    code.load(Width.WORD, R5, R6, Wire.SKB_PROTOCOL)
        .jumpIf(R5, Condition.DIFFERENT, Wire.ETHERTYPE_IP, unusual);
    packet.data(IP, unusual);
    packet.demand(Width.BYTE, 0, Wire.PLAIN_IP, unusual);
    code.load(Width.HALF, R5, R2, Wire.IP_FRAGMENT)
        .jumpIf(R5, Condition.ANY_BIT, Wire.FRAGMENT, unusual)
        .load(Width.HALF, R9, R2, Wire.IP_LENGTH)
        .swap16(R9)
        .load(Width.WORD, R4, R6, Wire.SKB_LENGTH)
        .jumpIf(R9, Condition.DIFFERENT, R4, unusual)
        .load(Width.BYTE, R5, R2, Wire.IP_TTL)
        .jumpIf(R5, Condition.AT_MOST, 1, packet.end(Reason.SEND_EXPIRED));
    packet.demandInside(setup.subnet(), Wire.IP_SOURCE, packet.end(Reason.SEND_FOREIGN_SOURCE));
  }

  /** Of a super-packet each segment, which must be TCP's: others lose their borders on the way. */
  private void admitFitting() {
    Label single = new Label("single");
    Label fits = new Label("fits");
    Label tooBig = packet.end(Reason.SEND_TOO_BIG);
    code.jumpIf(R9, Condition.GREATER, LONGEST_DATAGRAM - OVERHEAD, tooBig)
        .load(Width.WORD, R1, R6, Wire.SKB_GSO_SIZE)
        .jumpIf(R1, Condition.EQUAL, 0, single);
    packet.demand(Width.BYTE, Wire.IP_PROTOCOL, Wire.PROTOCOL_TCP, packet.end(Reason.SEND_NOT_TCP));
    code.move(R4, R2)
        .compute(R4, Operation.ADD, IP + TCP_OFFSET + 1)
        .jumpIf(R4, Condition.GREATER, R3, packet.end(Reason.SEND_UNUSUAL))
        .load(Width.BYTE, R4, R2, IP + TCP_OFFSET)
        .compute(R4, Operation.AND, 0xf0)
        .compute(R4, Operation.SHIFT_RIGHT, 2)
        .compute(R4, Operation.ADD, R1)
        .compute(R4, Operation.ADD, IP)
        .jumpIf(R4, Condition.GREATER, setup.mtu(), tooBig)
        .jump(fits)
        .bind(single)
        .jumpIf(R9, Condition.GREATER, setup.mtu(), tooBig)
        .bind(fits);
  }

  private void findHost(BpfMap<Cidr, FastPeer> peers) {
    code.load(Width.WORD, R4, R2, Wire.IP_DESTINATION);
    packet.findPeer(peers);
    Label noPeer = packet.end(Reason.SEND_NO_PEER);
    code.jumpIf(R0, Condition.EQUAL, 0, noPeer)
        .load(Width.WORD, R5, R0, FastPeer.SEND_TO)
        .jumpIf(R5, Condition.EQUAL, 0, noPeer)
        .load(Width.WORD, R8, R0, 0);
  }

  /**
   * Up to the first call nothing has changed. {@code bpf_redirect_neigh} wants a blank Ethernet.
   */
  private void grow() {
    code.move(R1, R6)
        .move(R2, OVERHEAD)
        .move(R3, ROOM_MAC)
        .move(R4, ENCAPSULATE)
        .call(Helper.SKB_ADJUST_ROOM)
        .jumpIf(R0, Condition.DIFFERENT, 0, packet.end(Reason.SEND_REFUSED))
        .move(R1, R6)
        .move(R2, ETHERNET)
        .move(R3, 0)
        .call(Helper.SKB_CHANGE_HEAD)
        .jumpIf(R0, Condition.DIFFERENT, 0, packet.end(Reason.SEND_NO_ROOM));
    packet.data(ETHERNET + OVERHEAD + IP, packet.end(Reason.SEND_NO_ROOM));
  }

  private void writeOuter() {
    int versionAndTos = network16(Wire.PLAIN_IP << 8);
    int ttlAndProtocol = network16(OUTER_TTL << 8 | Wire.PROTOCOL_UDP);
    int local = network32(setup.local().v4Bits());
    int constant =
        versionAndTos
            + network16(DONT_FRAGMENT)
            + ttlAndProtocol
            + (local & 0xffff)
            + (local >>> 16);
    code.move(R1, R9).compute(R1, Operation.ADD, OVERHEAD).swap16(R1).move(R4, constant);
    code.compute(R4, Operation.ADD, R1)
        .move(R5, R8)
        .compute(R5, Operation.AND, 0xffff)
        .compute(R4, Operation.ADD, R5)
        .move(R5, R8)
        .compute(R5, Operation.SHIFT_RIGHT, 16)
        .compute(R4, Operation.ADD, R5);
    packet.fold();
    code.compute(R4, Operation.XOR, 0xffff)
        .store(Width.HALF, R2, ETHERNET, versionAndTos)
        .store(Width.HALF, R2, ETHERNET + Wire.IP_LENGTH, R1)
        .store(Width.HALF, R2, ETHERNET + 4, 0)
        .store(Width.HALF, R2, ETHERNET + Wire.IP_FRAGMENT, network16(DONT_FRAGMENT))
        .store(Width.HALF, R2, ETHERNET + Wire.IP_TTL, ttlAndProtocol)
        .store(Width.HALF, R2, ETHERNET + Wire.IP_CHECKSUM, R4)
        .store(Width.WORD, R2, ETHERNET + Wire.IP_SOURCE, local)
        .store(Width.WORD, R2, ETHERNET + Wire.IP_DESTINATION, R8);
    int udp = ETHERNET + IP;
    code.move(R1, R9)
        .compute(R1, Operation.ADD, Wire.UDP)
        .swap16(R1)
        .store(Width.HALF, R2, udp, network16(setup.port()))
        .store(Width.HALF, R2, udp + 2, network16(setup.port()))
        .store(Width.HALF, R2, udp + Wire.UDP_LENGTH, R1)
        .store(Width.HALF, R2, udp + Wire.UDP_CHECKSUM, 0);
  }

  private void writeInner() {
    int inner = ETHERNET + OVERHEAD;
    code.load(Width.BYTE, R4, R2, inner + Wire.IP_TTL)
        .load(Width.HALF, R5, R2, inner + Wire.IP_CHECKSUM);
    packet.hop(R4, R5);
    code.store(Width.BYTE, R2, inner + Wire.IP_TTL, R4)
        .store(Width.HALF, R2, inner + Wire.IP_CHECKSUM, R5);
  }

  /** The inner packet's mark is no concern of the outer one: a socket's datagrams have none. */
  private void send() {
    packet.count(FastPathCounters.SENT, R9);
    code.store(Width.WORD, R6, Wire.SKB_MARK, 0)
        .move(R1, setup.underlayIndex())
        .move(R2, 0)
        .move(R3, 0)
        .move(R4, 0)
        .call(Helper.REDIRECT_NEIGH)
        .exit();
  }
}
