// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

final class NetlinkTargetTest extends KernelContract {
  @Override
  void inWorld(NetlinkWorld.Body body) throws Exception {
    NetlinkWorld.inNewNamespace(body);
  }
}
