// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import java.io.IOException;

/** The subnet file belongs to another running daemon; the message names its pid. */
public final class LockedException extends IOException {
  private static final long serialVersionUID = 1L;

  LockedException(String message) {
    super(message);
  }
}
