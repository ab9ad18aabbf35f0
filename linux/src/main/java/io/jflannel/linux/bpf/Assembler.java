// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes eBPF instructions, one after another
 * (Documentation/bpf/standardization/instruction-set.rst):
 *
 * <pre>
 *  byte 0   opcode: class, operation, kind of operand
 *       1   destination register (low half), source register (high half)
 *       2   offset, 16 bits: of a jump in instructions behind this one, or of memory in bytes
 *       4   constant, 32 bits
 * </pre>
 *
 * <p>Arithmetic is of 64 bits if not said otherwise; constants are sign-extended to that.
 */
public final class Assembler {

  /** Bytes of one instruction. */
  static final int INSTRUCTION = 8;

  private static final int LOAD_MAP = 0x18;
  private static final int LOAD = 0x61;
  private static final int STORE_CONSTANT = 0x62;
  private static final int STORE = 0x63;
  private static final int CONSTANT_32 = 0x04;
  private static final int CONSTANT_64 = 0x07;
  private static final int REGISTER_64 = 0x0f;
  private static final int MOVE = 0xb0;
  private static final int TO_BIG_ENDIAN = 0xdc;
  private static final int JUMP = 0x05;
  private static final int JUMP_IF_REGISTER = 0x0d;
  private static final int CALL = 0x85;
  private static final int EXIT = 0x95;

  /** BPF_PSEUDO_MAP_FD: the constant is the descriptor of a map. */
  private static final int IS_MAP = 1;

  /** How many bytes are loaded or stored. */
  public enum Width {
    BYTE(0x10),
    HALF(0x08),
    WORD(0x00),
    DOUBLE(0x18);

    private final int bits;

    Width(int bits) {
      this.bits = bits;
    }
  }

  /** Arithmetic on the destination, unsigned. */
  public enum Operation {
    ADD(0x00),
    SUB(0x10),
    AND(0x50),
    SHIFT_LEFT(0x60),
    SHIFT_RIGHT(0x70),
    XOR(0xa0);

    private final int bits;

    Operation(int bits) {
      this.bits = bits;
    }
  }

  /** When to jump, comparing unsigned. */
  public enum Condition {
    EQUAL(0x10),
    GREATER(0x20),
    AT_LEAST(0x30),
    /** They have a bit in common. */
    ANY_BIT(0x40),
    DIFFERENT(0x50),
    LESS(0xa0),
    AT_MOST(0xb0);

    private final int bits;

    Condition(int bits) {
      this.bits = bits;
    }
  }

  /** A place in the program, told apart by identity. */
  public static final class Label {

    private final String name;

    /**
     * A place that is still to be bound.
     *
     * @param name for messages
     */
    public Label(String name) {
      this.name = name;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private record Jump(int from, Label to) {}

  private final List<Long> instructions = new ArrayList<>();
  private final Map<Label, Integer> places = new HashMap<>();
  private final List<Jump> jumps = new ArrayList<>();

  /** An empty program. */
  public Assembler() {}

  private Assembler add(int opcode, Register to, int from, int offset, int constant) {
    if (offset != (short) offset) {
      throw new IllegalArgumentException("offset " + offset + " is not of 16 bits");
    }
    instructions.add(
        opcode
            | (long) to.number() << 8
            | (long) from << 12
            | (offset & 0xffffL) << 16
            | (long) constant << 32);
    return this;
  }

  public Assembler move(Register to, Register from) {
    return add(REGISTER_64 | MOVE, to, from.number(), 0, 0);
  }

  public Assembler move(Register to, int constant) {
    return add(CONSTANT_64 | MOVE, to, 0, 0, constant);
  }

  /** Not sign-extended: the upper half becomes zero. */
  public Assembler moveUnsigned(Register to, int constant) {
    return add(CONSTANT_32 | MOVE, to, 0, 0, constant);
  }

  public Assembler compute(Register to, Operation operation, Register from) {
    return add(REGISTER_64 | operation.bits, to, from.number(), 0, 0);
  }

  public Assembler compute(Register to, Operation operation, int constant) {
    return add(CONSTANT_64 | operation.bits, to, 0, 0, constant);
  }

  /** Converts the lower 16 bits between the host's and the network's order; clears the others. */
  public Assembler swap16(Register register) {
    return add(TO_BIG_ENDIAN, register, 0, 0, 16);
  }

  /** What is narrower than a register is zero-extended. */
  public Assembler load(Width width, Register to, Register base, int offset) {
    return add(LOAD | width.bits, to, base.number(), offset, 0);
  }

  public Assembler store(Width width, Register base, int offset, Register from) {
    return add(STORE | width.bits, base, from.number(), offset, 0);
  }

  public Assembler store(Width width, Register base, int offset, int constant) {
    return add(STORE_CONSTANT | width.bits, base, 0, offset, constant);
  }

  public Assembler jump(Label to) {
    jumps.add(new Jump(instructions.size(), to));
    return add(JUMP, Register.R0, 0, 0, 0);
  }

  public Assembler jumpIf(Register left, Condition condition, Register right, Label to) {
    jumps.add(new Jump(instructions.size(), to));
    return add(JUMP_IF_REGISTER | condition.bits, left, right.number(), 0, 0);
  }

  public Assembler jumpIf(Register left, Condition condition, int right, Label to) {
    jumps.add(new Jump(instructions.size(), to));
    return add(JUMP | condition.bits, left, 0, 0, right);
  }

  /** The map, which must be open until the program is loaded, as an argument of a helper. */
  public Assembler loadMap(Register to, BpfMap<?, ?> map) {
    return loadMap(to, map.descriptor());
  }

  /** The array, which must be open until the program is loaded, as an argument of a helper. */
  public Assembler loadMap(Register to, PerCpuArray<?> map) {
    return loadMap(to, map.descriptor());
  }

  Assembler loadMap(Register to, int descriptor) {
    return add(LOAD_MAP, to, IS_MAP, 0, descriptor).add(0, Register.R0, 0, 0, 0);
  }

  public Assembler call(Helper helper) {
    return add(CALL, Register.R0, 0, 0, helper.number());
  }

  /** The program's end: its result is in R0. */
  public Assembler exit() {
    return add(EXIT, Register.R0, 0, 0, 0);
  }

  /**
   * The label means what is written next.
   *
   * @throws IllegalStateException if it is bound already
   */
  public Assembler bind(Label label) {
    if (places.putIfAbsent(label, instructions.size()) != null) {
      throw new IllegalStateException("label " + label + " is bound twice");
    }
    return this;
  }

  /**
   * The array of struct bpf_insn, in the machine's byte order.
   *
   * @throws IllegalStateException if a jump leads to a label that is not bound, or too far
   */
  public byte[] assemble() {
    ByteBuffer bytes =
        ByteBuffer.allocate(instructions.size() * INSTRUCTION).order(ByteOrder.nativeOrder());
    instructions.forEach(bytes::putLong);
    for (Jump jump : jumps) {
      bytes.putShort(jump.from() * INSTRUCTION + 2, distance(jump));
    }
    return bytes.array();
  }

  private short distance(Jump jump) {
    Integer place = places.get(jump.to());
    if (place == null) {
      throw new IllegalStateException("label " + jump.to() + " is not bound");
    }
    int distance = place - jump.from() - 1;
    if (distance != (short) distance) {
      throw new IllegalStateException("label " + jump.to() + " is too far away");
    }
    return (short) distance;
  }
}
