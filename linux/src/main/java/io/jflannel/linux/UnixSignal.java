// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;

/** Signals whose default action a program may want back from the JVM (signal(7)). */
public enum UnixSignal {
  HUP(1),
  INT(2),
  TERM(15);

  /** asm-generic/signal-defs.h. */
  private static final int SIG_DFL = 0;

  private static final int SIG_IGN = 1;

  private final int number;

  UnixSignal(int number) {
    this.number = number;
  }

  /**
   * Lets the signal end the process at once, without shutdown hooks. One that is ignored, as under
   * nohup(1), stays so.
   */
  public void actByDefault() {
    if (Libc.signal(number, SIG_DFL) == SIG_IGN) {
      Libc.signal(number, SIG_IGN);
    }
  }
}
