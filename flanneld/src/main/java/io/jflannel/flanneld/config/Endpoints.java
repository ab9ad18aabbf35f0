// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

import java.util.List;

/** URLs of servers, fit to be shown: a user name and password in front of {@code @} is masked. */
public final class Endpoints {

  private static final String SCHEME_END = "://";
  private static final String MASK = "***";

  private Endpoints() {}

  /** The endpoints joined by commas, as {@link #masked(String)}. */
  public static String masked(List<String> endpoints) {
    return masked(String.join(",", endpoints));
  }

  /**
   * One or several URLs with {@code ***} for whatever stands before an {@code @}. It rather masks
   * too much (a host name before a comma) than a part of a password that holds commas or slashes.
   */
  public static String masked(String endpoints) {
    return masked(endpoints, 0);
  }

  /** Free text, such as a log line, in which only what follows a {@code ://} is masked. */
  public static String maskedText(String text) {
    int scheme = text.indexOf(SCHEME_END);
    return scheme < 0 || text.indexOf('@', scheme) < 0
        ? text
        : masked(text, scheme + SCHEME_END.length());
  }

  private static String masked(String text, int from) {
    StringBuilder out = new StringBuilder(text.length()).append(text, 0, from);
    for (int start = from; start <= text.length(); ) {
      int scheme = text.indexOf(SCHEME_END, start);
      int end = scheme < 0 ? text.length() : scheme + SCHEME_END.length();
      int at = text.lastIndexOf('@', end - 1);
      if (at >= start) {
        out.append(MASK).append(text, at, end);
      } else {
        out.append(text, start, end);
      }
      start = scheme < 0 ? text.length() + 1 : end;
    }
    return out.toString();
  }
}
