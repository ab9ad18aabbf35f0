// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

/**
 * The kernel's tables changed during each of several attempts to list them (NLM_F_DUMP_INTR), so no
 * attempt is known to be complete.
 */
public final class DumpInterruptedException extends LinuxException {

  private static final long serialVersionUID = 1;

  public DumpInterruptedException(String operation, int attempts) {
    super(operation, Errno.EINTR.number(), "changed during each of " + attempts + " attempts");
  }
}
