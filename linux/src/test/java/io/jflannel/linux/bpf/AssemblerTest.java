// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import static io.jflannel.linux.bpf.Register.R0;
import static io.jflannel.linux.bpf.Register.R1;
import static io.jflannel.linux.bpf.Register.R10;
import static io.jflannel.linux.bpf.Register.R2;
import static io.jflannel.linux.bpf.Register.R6;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.bpf.Assembler.Condition;
import io.jflannel.linux.bpf.Assembler.Label;
import io.jflannel.linux.bpf.Assembler.Operation;
import io.jflannel.linux.bpf.Assembler.Width;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Bytes as {@code llvm-mc -triple bpfel -show-encoding} of LLVM 14 writes them. */
final class AssemblerTest {

  private static String bytes(Consumer<Assembler> program) {
    Assembler code = new Assembler();
    program.accept(code);
    return HexFormat.of().formatHex(code.assemble());
  }

  @Test
  void movesAndArithmetic() {
    assertThat(bytes(code -> code.move(R6, R1))).isEqualTo("bf16000000000000");
    assertThat(bytes(code -> code.move(R0, -1))).isEqualTo("b7000000ffffffff");
    assertThat(bytes(code -> code.moveUnsigned(R2, 0xc0000201))).isEqualTo("b4020000010200c0");
    assertThat(bytes(code -> code.compute(R1, Operation.ADD, R2))).isEqualTo("0f21000000000000");
    assertThat(bytes(code -> code.compute(R2, Operation.ADD, -8))).isEqualTo("07020000f8ffffff");
    assertThat(bytes(code -> code.compute(R2, Operation.SUB, 1))).isEqualTo("1702000001000000");
    assertThat(bytes(code -> code.compute(R2, Operation.AND, 15))).isEqualTo("570200000f000000");
    assertThat(bytes(code -> code.compute(R2, Operation.SHIFT_LEFT, 3)))
        .isEqualTo("6702000003000000");
    assertThat(bytes(code -> code.compute(R2, Operation.SHIFT_RIGHT, 3)))
        .isEqualTo("7702000003000000");
    assertThat(bytes(code -> code.compute(R2, Operation.XOR, 3))).isEqualTo("a702000003000000");
    assertThat(bytes(code -> code.swap16(R2))).isEqualTo("dc02000010000000");
  }

  @Test
  void loadsAndStores() {
    assertThat(bytes(code -> code.load(Width.BYTE, R1, R2, 8))).isEqualTo("7121080000000000");
    assertThat(bytes(code -> code.load(Width.HALF, R1, R2, 8))).isEqualTo("6921080000000000");
    assertThat(bytes(code -> code.load(Width.WORD, R1, R2, 8))).isEqualTo("6121080000000000");
    assertThat(bytes(code -> code.load(Width.DOUBLE, R1, R2, 8))).isEqualTo("7921080000000000");
    assertThat(bytes(code -> code.store(Width.HALF, R10, -8, R1))).isEqualTo("6b1af8ff00000000");
    assertThat(bytes(code -> code.store(Width.WORD, R10, -8, 32))).isEqualTo("620af8ff20000000");
    assertThat(bytes(code -> code.store(Width.DOUBLE, R10, -8, R1))).isEqualTo("7b1af8ff00000000");
    assertThat(bytes(code -> code.store(Width.BYTE, R10, -8, 1))).isEqualTo("720af8ff01000000");
  }

  @Test
  void jumpsCountFromBehindThemselves() {
    String program =
        bytes(code -> {
          Label start = new Label("start");
          Label end = new Label("end");
          code.bind(start)
              .jumpIf(R1, Condition.GREATER, R2, end)
              .jumpIf(R1, Condition.DIFFERENT, 5, start)
              .jumpIf(R1, Condition.ANY_BIT, 5, end)
              .jump(end)
              .bind(end)
              .exit();
        });
    assertThat(program)
        .isEqualTo(
            "2d21030000000000"
                + "5501feff05000000"
                + "4501010005000000"
                + "0500000000000000"
                + "9500000000000000");
  }

  @Test
  void everyComparison() {
    Label here = new Label("here");
    String program =
        bytes(code -> {
          for (Condition condition : Condition.values()) {
            code.jumpIf(R1, condition, 0, here);
          }
          code.bind(here);
        });
    assertThat(program)
        .isEqualTo(
            "1501060000000000"
                + "2501050000000000"
                + "3501040000000000"
                + "4501030000000000"
                + "5501020000000000"
                + "a501010000000000"
                + "b501000000000000");
  }

  @Test
  void aMapIsTwoInstructionsAndACallOne() {
    assertThat(bytes(code -> code.loadMap(R1, 7))).isEqualTo("1811000007000000" + "00".repeat(8));
    assertThat(bytes(code -> code.call(Helper.REDIRECT_NEIGH))).isEqualTo("8500000098000000");
  }

  @Test
  void mistakesAreNamed() {
    Label nowhere = new Label("nowhere");
    assertThatThrownBy(() -> new Assembler().jump(nowhere).assemble())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("nowhere");
    assertThatThrownBy(() -> new Assembler().bind(nowhere).bind(nowhere))
        .hasMessageContaining("nowhere is bound twice");
    assertThatThrownBy(() -> new Assembler().load(Width.WORD, R1, R2, 40_000))
        .hasMessageContaining("40000");
    Assembler distant = new Assembler().jump(nowhere);
    for (int i = 0; i < 32_768; i++) {
      distant.exit();
    }
    assertThatThrownBy(distant.bind(nowhere)::assemble).hasMessageContaining("too far");
  }
}
