// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

/** The registers of eBPF, 64 bits each. */
public enum Register {
  /** Result of a call, and of the program. */
  R0(0),
  /** First argument of a call, and of the program: its context. Calls destroy R1 to R5. */
  R1(1),
  R2(2),
  R3(3),
  R4(4),
  R5(5),
  /** Calls preserve R6 to R9. */
  R6(6),
  R7(7),
  R8(8),
  R9(9),
  /** End of the stack of 512 bytes; read-only. */
  R10(10);

  private final int number;

  Register(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}
