// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import java.io.IOException;
import java.nio.file.FileSystemException;

/** Why a file could not be handled. */
final class Reasons {

  private Reasons() {}

  /** The JDK leaves the reason to the exception's class where it has one: AccessDeniedException. */
  static String of(IOException e) {
    return e instanceof FileSystemException file && file.getReason() == null
        ? e.getClass().getSimpleName() + ": " + file.getFile()
        : String.valueOf(e.getMessage());
  }
}
