// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

/**
 * Replies of the kernel did not arrive: the receive buffer overflowed (ENOBUFS), none came in time
 * (EAGAIN) or one was longer than the buffer (EMSGSIZE). The requests may or may not have been
 * executed: read the state again.
 */
public final class RepliesLostException extends LinuxException {

  private static final long serialVersionUID = 1;

  public RepliesLostException(String operation, int errno) {
    super(operation, errno, "replies lost: the outcome is unknown");
  }
}
