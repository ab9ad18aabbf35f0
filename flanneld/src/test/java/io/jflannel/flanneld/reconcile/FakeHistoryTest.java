// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.kernel.FakeWorld;
import io.jflannel.flanneld.kernel.NetlinkWorld;

final class FakeHistoryTest extends HistoryContract {
  @Override
  void inWorld(NetlinkWorld.Body body) throws Exception {
    body.run(new FakeWorld());
  }

  @Override
  int steps() {
    return 1_000;
  }
}
