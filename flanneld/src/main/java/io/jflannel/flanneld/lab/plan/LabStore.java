// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

/** Where the daemons of a lab keep their leases. */
public enum LabStore {
  /** One directory of this machine. */
  LOCAL("local"),

  /** A real etcd in the underlay, v3 API. */
  ETCD("etcd"),

  /** A real etcd in the underlay, v2 API (needs etcd 3.5 or older). */
  ETCD2("etcd2"),

  /** A real Kubernetes API server in the underlay; each host is a Node of it. */
  KUBE("kube");

  private final String word;

  LabStore(String word) {
    this.word = word;
  }

  /** The word of the command line. */
  @Override
  public String toString() {
    return word;
  }
}
