// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import io.jflannel.flanneld.store.LeaseStoreContract;
import io.jflannel.flanneld.store.StoreUnderTest;
import org.junit.jupiter.api.Test;

class LocalLeaseStoreContractTest extends LeaseStoreContract {
  @Override
  protected StoreUnderTest freshStore() {
    return new LocalStoreUnderTest();
  }

  @Test
  void fiftyNodesRaceWithoutADuplicate() throws Exception {
    race(50);
  }
}
