// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What the kernel refused and what is done instead, at the start and later, from any thread. */
final class Fallbacks {

  private final CopyOnWriteArrayList<String> clauses = new CopyOnWriteArrayList<>();

  /** Something is done otherwise from now on. */
  void add(String refused, String errno, String instead) {
    clauses.addIfAbsent("no " + refused + " (" + errno + "): " + instead);
  }

  /**
   * Tries something.
   *
   * @return whether the kernel did it
   */
  boolean unless(Runnable refusable, String refused, String instead) {
    try {
      refusable.run();
      return true;
    } catch (LinuxException e) {
      add(refused, Errno.name(e.errno()), instead);
      return false;
    }
  }

  List<String> clauses() {
    return List.copyOf(clauses);
  }
}
