// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.linux.Errno;

/**
 * A request of a batch that the kernel refused; the others were executed.
 *
 * @param index position in the list given
 * @param request the request
 * @param errno positive
 * @param message the kernel's words (extended acknowledgement), or empty
 */
public record Failure(int index, Request request, int errno, String message) {

  public boolean is(Errno expected) {
    return expected.is(errno);
  }

  @Override
  public String toString() {
    return request + ": " + Errno.name(errno) + (message.isEmpty() ? "" : " (" + message + ")");
  }
}
