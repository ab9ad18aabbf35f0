// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import java.io.IOException;

/** The subnet file belongs to a running daemon; the message names its pid. */
public final class LockedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String held;

  LockedException(String held) {
    super(held + ": give this daemon another --subnet-file, or stop that one");
    this.held = held;
  }

  /** What is held by whom, for those that are no daemon. */
  public String held() {
    return held;
  }
}
