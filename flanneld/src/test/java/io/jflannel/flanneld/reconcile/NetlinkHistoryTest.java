// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.kernel.NetlinkWorld;

final class NetlinkHistoryTest extends HistoryContract {
  @Override
  void inWorld(NetlinkWorld.Body body) throws Exception {
    NetlinkWorld.inNewNamespace(body);
  }

  @Override
  int steps() {
    return 150;
  }
}
