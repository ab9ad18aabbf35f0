// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

/**
 * A configuration that cannot be used; the message names the field, the value and the rule it
 * breaks.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String message;
  private final boolean fatal;

  public ConfigException(String message) {
    this(message, false);
  }

  private ConfigException(String message, boolean fatal) {
    super(message);
    this.message = message;
    this.fatal = fatal;
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return message;
  }

  /** The same error, told with the place where the configuration stands. */
  public ConfigException in(String place) {
    return new ConfigException(place + ": " + message, fatal);
  }

  /** One that ends the daemon with status 1. */
  static ConfigException fatal(String message) {
    return new ConfigException(message, true);
  }

  /**
   * Whether the daemon gives up (status 1: neither family is enabled, NET-4) rather than asks the
   * store again each second, as after every other configuration error (LIF-3).
   */
  public boolean isFatal() {
    return fatal;
  }
}
