// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld;

import java.util.Optional;

/** Which build this is. */
public final class Version {

  private Version() {}

  /** The jar's version; {@code dev} when run from class files (CLI-8). */
  public static String text() {
    return Optional.ofNullable(Version.class.getPackage().getImplementationVersion()).orElse("dev");
  }
}
