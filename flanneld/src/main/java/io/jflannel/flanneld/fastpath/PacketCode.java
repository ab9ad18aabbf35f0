// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.linux.bpf.Register.R0;
import static io.jflannel.linux.bpf.Register.R1;
import static io.jflannel.linux.bpf.Register.R10;
import static io.jflannel.linux.bpf.Register.R2;
import static io.jflannel.linux.bpf.Register.R3;
import static io.jflannel.linux.bpf.Register.R4;
import static io.jflannel.linux.bpf.Register.R5;
import static io.jflannel.linux.bpf.Register.R6;
import static io.jflannel.linux.bpf.Register.R7;

import io.jflannel.linux.bpf.Assembler;
import io.jflannel.linux.bpf.Assembler.Condition;
import io.jflannel.linux.bpf.Assembler.Label;
import io.jflannel.linux.bpf.Assembler.Operation;
import io.jflannel.linux.bpf.Assembler.Width;
import io.jflannel.linux.bpf.BpfMap;
import io.jflannel.linux.bpf.Helper;
import io.jflannel.linux.bpf.PerCpuArray;
import io.jflannel.linux.bpf.Register;
import io.jflannel.linux.bpf.TcxLink;
import io.jflannel.net.Cidr;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What both programs have in common. R6 holds the packet (struct __sk_buff), R7 this CPU's
 * counters; {@link #data} leaves the packet's begin in R2 and its end in R3. R1 to R5 do not
 * outlive a call.
 */
final class PacketCode {

  /** On the stack: the key of a map. */
  private static final int KEY = -8;

  /** To the next program or the stack, uncounted. */
  final Label pass = new Label("pass");

  final Assembler code = new Assembler();
  private final Map<Reason, Label> reasons = new EnumMap<>(Reason.class);

  /** Where a packet ends for this reason. */
  Label end(Reason reason) {
    return reasons.computeIfAbsent(reason, r -> new Label(r.name()));
  }

  /** Points R7 at the counters. */
  void findCounters(PerCpuArray<List<Long>> counters) {
    code.store(Width.WORD, R10, KEY, 0)
        .loadMap(R1, counters)
        .move(R2, R10)
        .compute(R2, Operation.ADD, KEY)
        .call(Helper.MAP_LOOKUP_ELEM)
        .jumpIf(R0, Condition.EQUAL, 0, pass)
        .move(R7, R0);
  }

  /** Points R2 and R3 at the packet; uses R4. */
  void data(int bytes, Label ifShorter) {
    code.load(Width.WORD, R2, R6, Wire.SKB_DATA)
        .load(Width.WORD, R3, R6, Wire.SKB_DATA_END)
        .move(R4, R2)
        .compute(R4, Operation.ADD, bytes)
        .jumpIf(R4, Condition.GREATER, R3, ifShorter);
  }

  /** Looks up the longest prefix that holds the address in R4: R0 is its host's address or null. */
  void findPeer(BpfMap<Cidr, FastPeer> peers) {
    code.store(Width.WORD, R10, KEY, 32)
        .store(Width.WORD, R10, KEY + 4, R4)
        .loadMap(R1, peers)
        .move(R2, R10)
        .compute(R2, Operation.ADD, KEY)
        .call(Helper.MAP_LOOKUP_ELEM);
  }

  /** Ends the packet's way here if the field of the packet at R2 is not this. Uses R5. */
  void demand(Width width, int offset, int expected, Label otherwise) {
    code.load(width, R5, R2, offset);
    if (width == Width.WORD) {
      code.moveUnsigned(R4, expected).jumpIf(R5, Condition.DIFFERENT, R4, otherwise);
    } else {
      code.jumpIf(R5, Condition.DIFFERENT, expected, otherwise);
    }
  }

  /** Ends the packet's way here if its address at R2 is not in this. Uses R4 and R5. */
  void demandInside(Cidr cidr, int address, Label otherwise) {
    int mask = cidr.length() == 0 ? 0 : -1 << (32 - cidr.length());
    code.load(Width.WORD, R5, R2, address)
        .compute(R5, Operation.AND, Wire.network32(mask))
        .moveUnsigned(R4, Wire.network32(cidr.ip().v4Bits()))
        .jumpIf(R5, Condition.DIFFERENT, R4, otherwise);
  }

  /** Adds carries until the sum in R4 has 16 bits: two times are enough. Uses R5. */
  void fold() {
    for (int i = 0; i < 2; i++) {
      code.move(R5, R4)
          .compute(R5, Operation.SHIFT_RIGHT, 16)
          .compute(R4, Operation.AND, 0xffff)
          .compute(R4, Operation.ADD, R5);
    }
  }

  /**
   * A hop: the TTL is one less, so its word, and the checksum one more (RFC 1624, and as {@code
   * ip_decrease_ttl} of the kernel does it).
   *
   * @param ttl is decremented in this register
   * @param checksum is patched in this register
   */
  void hop(Register ttl, Register checksum) {
    Label noCarry = new Label("no carry");
    code.compute(ttl, Operation.SUB, 1)
        .compute(checksum, Operation.ADD, Wire.network16(0x0100))
        .jumpIf(checksum, Condition.LESS, 0xffff, noCarry)
        .compute(checksum, Operation.ADD, 1)
        .bind(noCarry);
  }

  /** One packet more, and so many bytes. Uses R1. */
  void count(int slot, Register bytes) {
    add(slot, 1);
    code.load(Width.DOUBLE, R1, R7, 8 * (slot + 1))
        .compute(R1, Operation.ADD, bytes)
        .store(Width.DOUBLE, R7, 8 * (slot + 1), R1);
  }

  /** This CPU's own and not interrupted by another packet: needs no lock. */
  private void add(int slot, int amount) {
    code.load(Width.DOUBLE, R1, R7, 8 * slot)
        .compute(R1, Operation.ADD, amount)
        .store(Width.DOUBLE, R7, 8 * slot, R1);
  }

  /** The program's ends. */
  Assembler finish() {
    code.bind(pass).move(R0, TcxLink.NEXT).exit();
    reasons.forEach((reason, label) -> {
      code.bind(label);
      add(FastPathCounters.slot(reason), 1);
      code.move(R0, verdict(reason)).exit();
    });
    return code;
  }

  private static int verdict(Reason reason) {
    return switch (reason.fate()) {
      case PASSED -> TcxLink.NEXT;
      case DROPPED -> TcxLink.DROP;
    };
  }
}
