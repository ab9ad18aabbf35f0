// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

/**
 * A key of the store that is not served.
 *
 * @param key the key's last segment, or the node's name
 * @param reason what is wrong with it, for people
 */
public record Refusal(String key, String reason) {

  /** More would help nobody, and others choose the text. */
  private static final int LONGEST = 200;

  public Refusal {
    key = shortened(key);
    reason = shortened(reason);
  }

  private static String shortened(String text) {
    return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
  }
}
