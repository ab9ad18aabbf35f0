// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.net.Ip;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** What a pass asks the machine besides the state that it keeps. Used by one thread only. */
public interface Surroundings {

  /**
   * The external interface as it is now: same name, present index, MTU and addresses. Absent if
   * there is no such interface, or no address left on it.
   *
   * @throws io.jflannel.linux.LinuxException if the kernel cannot be asked
   */
  Optional<ExternalInterface> follow(ExternalInterface last);

  /**
   * How the kernel would reach each address, in order.
   *
   * @throws io.jflannel.linux.LinuxException if the kernel cannot be asked
   */
  List<Reach> reach(Collection<Ip> addresses);
}
