// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.net.Ip;
import java.util.Optional;

/** The outcome for one candidate. */
sealed interface Lookup {

  /** An interface with an address of each wanted family, and none of the others. */
  record Hit(Link link, Optional<Ip> v4, Optional<Ip> v6) implements Lookup {}

  /** Not this one; {@code reason} names the flag and what is wrong. */
  record Miss(String reason) implements Lookup {}
}
