// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

/** Which of etcd's two trees to use. */
sealed interface Choice {

  /**
   * The v3 tree.
   *
   * @param reason for log and status
   */
  record V3(String reason) implements Choice {}

  /**
   * The v2 tree.
   *
   * @param reason for log and status
   */
  record V2(String reason) implements Choice {}

  /** A network configuration is in neither tree: look again. */
  record Neither() implements Choice {}

  /** Both trees are in use; an operator must say which one counts. */
  record Ambiguous() implements Choice {}

  /**
   * What was found in a tree.
   *
   * @param config whether it holds a network configuration
   * @param leases whether it holds leases
   */
  record Tree(boolean config, boolean leases) {}

  /** Decides by what is in the trees (issue 3, "etcd v2"). */
  static Choice between(Tree v3, Tree v2) {
    if (v3.config() && v2.config()) {
      return v2.leases()
          ? new Ambiguous()
          : new V3("both trees hold a configuration, the v2 tree no leases");
    }
    if (v3.config()) {
      return new V3("only the v3 tree holds a configuration");
    }
    return v2.config() ? new V2("only the v2 tree holds a configuration") : new Neither();
  }
}
