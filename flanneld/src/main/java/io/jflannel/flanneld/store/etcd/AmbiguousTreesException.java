// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

/**
 * etcd's v2 and v3 trees both hold a network configuration, and the v2 tree leases: the daemon ends
 * with exit status 1, and the message says which flag decides.
 */
public final class AmbiguousTreesException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  AmbiguousTreesException(String message) {
    super(message);
  }
}
