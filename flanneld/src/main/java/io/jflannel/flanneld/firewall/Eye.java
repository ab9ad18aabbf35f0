// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.linux.LinuxException;
import java.util.Optional;

/** What the kernel itself shows of the rules, without a program. Belongs to one thread. */
interface Eye {

  /**
   * Changes with every transaction of nf_tables, by one; 0 without nf_tables.
   *
   * @throws LinuxException if the kernel does not tell
   */
  int generation();

  /**
   * Looks at what matters; empty if that cannot be seen, or not cheaply, or if others change rules
   * all the time.
   *
   * @throws LinuxException if the kernel does not tell
   */
  Optional<Sight> sight(Interest interest);
}
