// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import io.jflannel.flanneld.store.RegistryContract;
import io.jflannel.flanneld.store.StoreUnderTest;

class LocalRegistryContractTest extends RegistryContract {
  @Override
  protected StoreUnderTest freshStore() {
    return new LocalStoreUnderTest();
  }
}
