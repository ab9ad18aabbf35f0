// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

/** A netlink message whose lengths contradict each other or its type. */
public final class MalformedMessageException extends LinuxException {

  private static final long serialVersionUID = 1;

  public MalformedMessageException(String detail) {
    super("decode netlink message", Errno.EPROTO.number(), detail);
  }
}
