// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

/** The daemon cannot start; the message says why. Exit status 1 (spec 1.7). */
final class StartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StartException(String message) {
    super(message);
  }
}
