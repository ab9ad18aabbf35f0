// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

/**
 * The kernel refused an operation: what was tried, the errno, and what the kernel said about it.
 */
public class LinuxException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final String operation;
  private final int errno;
  private final String detail;

  /**
   * A refusal.
   *
   * @param operation what was tried, with its object: {@code "open /run/netns/a"}
   * @param errno positive, as in errno(3)
   * @param detail the kernel's own words (extended acknowledgement), or empty
   */
  public LinuxException(String operation, int errno, String detail) {
    super(operation + ": " + Errno.name(errno) + (detail.isEmpty() ? "" : " (" + detail + ")"));
    this.operation = operation;
    this.errno = errno;
    this.detail = detail;
  }

  public String operation() {
    return operation;
  }

  public int errno() {
    return errno;
  }

  public String detail() {
    return detail;
  }

  public boolean is(Errno expected) {
    return expected.is(errno);
  }
}
