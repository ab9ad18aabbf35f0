// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import java.util.regex.Pattern;

/** Which names are good ones (spec 17.4): they end up in paths. */
public final class Names {

  private static final Pattern GOOD = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.\\-]*");
  private static final int INTERFACE_MAX = 15;

  private Names() {}

  /**
   * A network's name.
   *
   * @throws CniException if it is empty or not a good one
   */
  public static void checkNetwork(String name) {
    if (name.isEmpty()) {
      throw new CniException(CniException.BAD_NAME, "missing network name");
    }
    if (!GOOD.matcher(name).matches()) {
      throw new CniException(CniException.BAD_NAME, "invalid characters in the network name", name);
    }
  }

  static void checkContainer(String id) {
    if (!GOOD.matcher(id).matches()) {
      throw new CniException(
          CniException.BAD_ENVIRONMENT, "invalid characters in CNI_CONTAINERID", id);
    }
  }

  static void checkInterface(String name) {
    boolean good =
        !name.isEmpty()
            && name.length() <= INTERFACE_MAX
            && !name.equals(".")
            && !name.equals("..")
            && name.chars().noneMatch(c -> c == '/' || c == ':' || Character.isWhitespace(c));
    if (!good) {
      throw new CniException(
          CniException.BAD_ENVIRONMENT, "CNI_IFNAME is no name of an interface", name);
    }
  }
}
