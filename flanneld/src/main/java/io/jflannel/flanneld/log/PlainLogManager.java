// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import java.util.logging.LogManager;

/**
 * A log manager that reads no configuration file (start-up time) and keeps its handlers when the
 * JVM goes down: the JDK's own drops every line logged from a shutdown hook, which is where the
 * orderly stop happens.
 */
public final class PlainLogManager extends LogManager {

  /** Called by the JDK, which finds this class by name. */
  public PlainLogManager() {}

  @Override
  public void readConfiguration() {}

  @Override
  public void reset() {}
}
