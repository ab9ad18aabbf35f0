// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

/** etcd user and password, both not empty (ETC-7). */
public record Credentials(String user, String password) {

  /** Without the password (P37). */
  @Override
  public String toString() {
    return "Credentials[user=" + user + "]";
  }
}
