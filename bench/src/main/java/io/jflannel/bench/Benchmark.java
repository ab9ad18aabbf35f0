// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.util.List;
import java.util.function.Consumer;

/** One benchmark: a name for the command line and what it measures. */
public interface Benchmark {

  String name();

  /** What the reference is, in a line for people. */
  String reference();

  /**
   * Measures.
   *
   * @param progress is told what is being done
   */
  List<Row> run(Consumer<String> progress) throws InterruptedException;
}
