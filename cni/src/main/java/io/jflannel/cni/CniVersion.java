// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import java.util.List;

/** Versions of the CNI protocol. */
public final class CniVersion {

  /** Those that this plugin speaks, oldest first. */
  public static final List<String> SUPPORTED =
      List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

  private CniVersion() {}

  /**
   * The version a configuration is written in; without one it is 0.1.0 (spec 17.1).
   *
   * @param given {@code cniVersion}, may be empty
   * @throws CniException if it is none of {@link #SUPPORTED}
   */
  public static String of(String given) {
    String version = given.isEmpty() ? SUPPORTED.getFirst() : given;
    if (!SUPPORTED.contains(version)) {
      throw new CniException(
          CniException.INCOMPATIBLE_VERSION,
          "incompatible CNI versions",
          "the configuration is \"" + version + "\", flannel supports " + SUPPORTED);
    }
    return version;
  }

  /** Both are supported ones. */
  public static boolean isBefore(String version, String other) {
    return SUPPORTED.indexOf(version) < SUPPORTED.indexOf(other);
  }
}
