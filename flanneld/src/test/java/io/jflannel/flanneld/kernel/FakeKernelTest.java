// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

final class FakeKernelTest extends KernelContract {
  @Override
  void inWorld(NetlinkWorld.Body body) throws Exception {
    body.run(new FakeWorld());
  }
}
