// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.net.Family;

/** The annotations of a node that concern flannel, by what follows the prefix (8.3). */
enum Annotation {
  /** {@code true} on nodes that take part. */
  MANAGED("kube-subnet-manager"),
  TYPE("backend-type"),
  DATA("backend-data"),
  DATA_V6("backend-v6-data"),
  IP("public-ip"),
  IPV6("public-ipv6"),
  /** The administrator's: published instead of the own address. */
  IP_OVERWRITE("public-ip-overwrite"),
  IPV6_OVERWRITE("public-ipv6-overwrite"),
  /** The administrator's: as {@code --public-ip}, which it overrules. */
  NODE_IP("node-public-ip"),
  NODE_IPV6("node-public-ipv6");

  private final String text;

  Annotation(String text) {
    this.text = text;
  }

  /** What follows the prefix. */
  String text() {
    return text;
  }

  static Annotation data(Family family) {
    return family == Family.V4 ? DATA : DATA_V6;
  }

  static Annotation ip(Family family) {
    return family == Family.V4 ? IP : IPV6;
  }

  static Annotation overwrite(Family family) {
    return family == Family.V4 ? IP_OVERWRITE : IPV6_OVERWRITE;
  }

  static Annotation nodeIp(Family family) {
    return family == Family.V4 ? NODE_IP : NODE_IPV6;
  }
}
