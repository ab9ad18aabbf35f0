// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.flanneld.fastpath.Wire.ETHERNET;
import static io.jflannel.flanneld.fastpath.Wire.IP;
import static io.jflannel.flanneld.fastpath.Wire.OVERHEAD;
import static io.jflannel.flanneld.fastpath.Wire.network16;
import static io.jflannel.flanneld.fastpath.Wire.network32;
import static io.jflannel.linux.bpf.Register.R0;
import static io.jflannel.linux.bpf.Register.R1;
import static io.jflannel.linux.bpf.Register.R10;
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
 * On frames that the underlay receives: unwraps what peers' {@link EgressProgram} has wrapped and
 * lets the TUN device receive it. Every packet of the host comes by here, so what is not ours is
 * left alone after a few comparisons, uncounted.
 *
 * <p>A sender is believed if the map of peers says that the inner source is behind it.
 *
 * <p>R8: address of the sender; R9: length of the inner packet.
 */
final class IngressProgram {

  /** All headers. */
  private static final int HEADERS = ETHERNET + OVERHEAD + IP;

  private static final int OUTER = ETHERNET;
  private static final int UDP = OUTER + IP;
  private static final int INNER = UDP + Wire.UDP;

  /** BPF_ADJ_ROOM_MAC: behind the Ethernet header. */
  private static final int ROOM_MAC = 1;

  /** BPF_F_ADJ_ROOM_FIXED_GSO and DECAP_L3_IPV4 (Linux 6.3). */
  private static final int DECAPSULATE = 1 | 1 << 7;

  /** BPF_F_ADJ_ROOM_DECAP_L4_UDP, of kernels younger than 6.18; others answer EINVAL. */
  private static final int FORGET_TUNNEL = 1 << 10;

  private static final int BPF_F_INGRESS = 1;

  /** On the stack: new TTL, protocol and checksum. */
  private static final int HOP = -16;

  private final FastPathSetup setup;
  private final PacketCode packet = new PacketCode();
  private final Assembler code = packet.code;

  private IngressProgram(FastPathSetup setup) {
    this.setup = setup;
  }

  static Assembler of(
      FastPathSetup setup, BpfMap<Cidr, FastPeer> peers, PerCpuArray<List<Long>> counters) {
    var program = new IngressProgram(setup);
    program.code.move(R6, R1);
    program.admitFrame();
    program.admitOurs();
    program.packet.findCounters(counters);
    program.packet.data(HEADERS, program.packet.pass);
    program.admitOuter();
    program.admitInner();
    program.admitSender(peers);
    program.prepareHop();
    program.unwrap();
    program.receive();
    return program.packet.finish();
  }

  /** IPv4, to this host (PACKET_HOST), not of a VLAN on top of the device. */
  private void admitFrame() {
    code.load(Width.WORD, R5, R6, Wire.SKB_PROTOCOL)
        .jumpIf(R5, Condition.DIFFERENT, Wire.ETHERTYPE_IP, packet.pass)
        .load(Width.WORD, R5, R6, Wire.SKB_PACKET_TYPE)
        .jumpIf(R5, Condition.DIFFERENT, 0, packet.pass)
        .load(Width.WORD, R5, R6, Wire.SKB_VLAN_PRESENT)
        .jumpIf(R5, Condition.DIFFERENT, 0, packet.pass)
        .load(Width.WORD, R5, R6, Wire.SKB_LENGTH)
        .jumpIf(R5, Condition.LESS, HEADERS, packet.pass);
  }

  /** A whole datagram to our address and port; its headers may have to be pulled together. */
  private void admitOurs() {
    Label pull = new Label("pull");
    Label look = new Label("look");
    packet.data(HEADERS, pull);
    code.jump(look).bind(pull).move(R1, R6).move(R2, HEADERS).call(Helper.SKB_PULL_DATA);
    code.jumpIf(R0, Condition.DIFFERENT, 0, packet.pass);
    packet.data(HEADERS, packet.pass);
    code.bind(look);
    packet.demand(Width.BYTE, OUTER, Wire.PLAIN_IP, packet.pass);
    packet.demand(Width.BYTE, OUTER + Wire.IP_PROTOCOL, Wire.PROTOCOL_UDP, packet.pass);
    code.load(Width.HALF, R5, R2, OUTER + Wire.IP_FRAGMENT)
        .jumpIf(R5, Condition.ANY_BIT, Wire.FRAGMENT, packet.pass);
    packet.demand(Width.HALF, UDP + 2, network16(setup.port()), packet.pass);
    packet.demand(
        Width.WORD, OUTER + Wire.IP_DESTINATION, network32(setup.local().v4Bits()), packet.pass);
  }

  private void admitOuter() {
    Label malformed = packet.end(Reason.RECEIVE_MALFORMED);
    packet.demand(Width.HALF, UDP + Wire.UDP_CHECKSUM, 0, packet.end(Reason.RECEIVE_CHECKSUM));
    code.load(Width.HALF, R9, R2, OUTER + Wire.IP_LENGTH)
        .swap16(R9)
        .load(Width.WORD, R5, R6, Wire.SKB_LENGTH)
        .compute(R5, Operation.SUB, ETHERNET)
        .jumpIf(R9, Condition.DIFFERENT, R5, malformed)
        .load(Width.HALF, R5, R2, UDP + Wire.UDP_LENGTH)
        .swap16(R5)
        .compute(R9, Operation.SUB, IP)
        .jumpIf(R5, Condition.DIFFERENT, R9, malformed)
        .compute(R9, Operation.SUB, Wire.UDP);
    packet.demand(Width.HALF, UDP, network16(setup.port()), malformed);
    code.load(Width.WORD, R8, R2, OUTER + Wire.IP_SOURCE).move(R4, 0);
    for (int half = 0; half < IP; half += 2) {
      code.load(Width.HALF, R5, R2, OUTER + half).compute(R4, Operation.ADD, R5);
    }
    packet.fold();
    code.jumpIf(R4, Condition.DIFFERENT, 0xffff, malformed); // RFC 1071
  }

  private void admitInner() {
    Label malformed = packet.end(Reason.RECEIVE_MALFORMED);
    packet.demand(Width.BYTE, INNER, Wire.PLAIN_IP, malformed);
    code.load(Width.HALF, R5, R2, INNER + Wire.IP_LENGTH)
        .swap16(R5)
        .jumpIf(R5, Condition.DIFFERENT, R9, malformed)
        .load(Width.BYTE, R5, R2, INNER + Wire.IP_TTL)
        .jumpIf(R5, Condition.AT_MOST, 1, packet.end(Reason.RECEIVE_EXPIRED));
    Label notSuper = new Label("no super-packet");
    code.load(Width.WORD, R5, R6, Wire.SKB_GSO_SIZE).jumpIf(R5, Condition.EQUAL, 0, notSuper);
    packet.demand(
        Width.BYTE,
        INNER + Wire.IP_PROTOCOL,
        Wire.PROTOCOL_TCP,
        packet.end(Reason.RECEIVE_NOT_TCP));
    code.bind(notSuper);
    packet.demandInside(
        setup.network(), INNER + Wire.IP_DESTINATION, packet.end(Reason.RECEIVE_OUTSIDE));
    packet.demandInside(
        setup.network(), INNER + Wire.IP_SOURCE, packet.end(Reason.RECEIVE_NO_PEER));
  }

  private void admitSender(BpfMap<Cidr, FastPeer> peers) {
    code.load(Width.WORD, R4, R2, INNER + Wire.IP_SOURCE);
    packet.findPeer(peers);
    code.jumpIf(R0, Condition.EQUAL, 0, packet.end(Reason.RECEIVE_NO_PEER))
        .load(Width.WORD, R5, R0, 0)
        .jumpIf(R5, Condition.DIFFERENT, R8, packet.end(Reason.RECEIVE_SPOOFED));
  }

  /**
   * Written later by a helper: a program that stores into packets itself makes the kernel copy
   * every packet of the host that somebody else, as tcpdump, looks at.
   */
  private void prepareHop() {
    packet.data(HEADERS, packet.pass);
    code.load(Width.BYTE, R4, R2, INNER + Wire.IP_TTL)
        .load(Width.BYTE, R1, R2, INNER + Wire.IP_PROTOCOL)
        .load(Width.HALF, R5, R2, INNER + Wire.IP_CHECKSUM);
    packet.hop(R4, R5);
    code.store(Width.BYTE, R10, HOP, R4)
        .store(Width.BYTE, R10, HOP + 1, R1)
        .store(Width.HALF, R10, HOP + 2, R5);
  }

  /**
   * A super-packet stays marked as one of a tunnel where the kernel cannot take the mark away: a
   * bridge then cuts it (ADR 6). Where a call fails nothing that matters has changed.
   */
  private void unwrap() {
    Label plain = new Label("plain");
    Label unwrapped = new Label("unwrapped");
    code.load(Width.WORD, R5, R6, Wire.SKB_GSO_SIZE).jumpIf(R5, Condition.EQUAL, 0, plain);
    shrink(DECAPSULATE | FORGET_TUNNEL);
    code.jumpIf(R0, Condition.EQUAL, 0, unwrapped).bind(plain);
    shrink(DECAPSULATE);
    code.jumpIf(R0, Condition.DIFFERENT, 0, packet.end(Reason.RECEIVE_REFUSED))
        .bind(unwrapped)
        .move(R1, R6)
        .move(R2, ETHERNET + Wire.IP_TTL)
        .move(R3, R10)
        .compute(R3, Operation.ADD, HOP)
        .move(R4, 4)
        .move(R5, 0)
        .call(Helper.SKB_STORE_BYTES);
  }

  private void shrink(int flags) {
    code.move(R1, R6)
        .move(R2, -OVERHEAD)
        .move(R3, ROOM_MAC)
        .move(R4, flags)
        .call(Helper.SKB_ADJUST_ROOM);
  }

  private void receive() {
    packet.count(FastPathCounters.RECEIVED, R9);
    code.move(R1, setup.tunIndex()).move(R2, BPF_F_INGRESS).call(Helper.REDIRECT).exit();
  }
}
