// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import static io.jflannel.linux.bpf.Register.R0;

import io.jflannel.linux.LinuxException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips where the kernel lets us load no program or has no TCX, unless REQUIRE_ALL=1. */
final class WithTcx implements BeforeAllCallback {

  private static final int LOOPBACK = 1;

  @Override
  public void beforeAll(ExtensionContext context) {
    Assembler nothing = new Assembler().move(R0, TcxLink.NEXT).exit();
    try (BpfProgram program = BpfProgram.load("probe", nothing);
        TcxLink link = TcxLink.attach(program, LOOPBACK, TcxLink.Hook.EGRESS)) {
      Assumptions.assumeTrue(link.isAttached());
    } catch (LinuxException e) {
      if ("1".equals(System.getenv("REQUIRE_ALL"))) {
        throw e;
      }
      System.err.println("SKIPPED: " + e);
      Assumptions.abort(e.toString());
    }
  }
}
