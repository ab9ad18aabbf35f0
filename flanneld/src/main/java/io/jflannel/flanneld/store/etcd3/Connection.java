// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.jflannel.flanneld.store.etcd.access.Endpoint;

/** A channel that was ready to take calls when it was handed out. */
record Connection(Endpoint endpoint, ManagedChannel channel) {

  boolean ready() {
    return channel.getState(false) == ConnectivityState.READY;
  }
}
