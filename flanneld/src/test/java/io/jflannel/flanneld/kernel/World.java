// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.flanneld.state.Target;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;

/** A kernel, real or fake, as a test sees it: the target under test, and what others do to it. */
public interface World extends AutoCloseable {

  Target target();

  Surroundings surroundings();

  /** Makes an Ethernet link that is up, with addresses. */
  void addParent(String name, int mtu, List<Cidr> addresses);

  void addAddress(String link, Cidr cidr);

  void deleteAddress(String link, Cidr cidr);

  /** Makes a device of kind bridge. */
  void addBridge(String name);

  void deleteLink(String name);

  void setUp(String link, boolean up);

  void setMac(String link, MacAddress mac);

  void setMtu(String link, int mtu);

  /** Somebody else's route of protocol static, with that metric (0: the default). */
  void addForeignRoute(Cidr destination, Ip gateway, int metric);

  void deleteForeignRoute(Cidr destination, Ip gateway, int metric);

  /** How many routes to exactly there the main table has, whoever made them. */
  int routesTo(Cidr destination);

  @Override
  void close();
}
