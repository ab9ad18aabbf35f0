// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

/**
 * A configuration that cannot be used; the message names the field, the value and the rule it
 * breaks.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }
}
