// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.lease.OwnAttributes;
import java.util.List;

/** What the loop is told by the threads beside it. */
sealed interface FeedEvent {

  /**
   * All nodes.
   *
   * @param version of the list; 0 if it is no number
   */
  record Listed(long version, List<NodeFacts> nodes) implements FeedEvent {}

  record Seen(NodeFacts node) implements FeedEvent {}

  record Gone(NodeFacts node) implements FeedEvent {}

  /** The watch runs. */
  record Connected() implements FeedEvent {}

  /** No contact. */
  record Lost(String reason) implements FeedEvent {}

  /** This node wants to publish something else, perhaps. */
  record Attributes(OwnAttributes attributes) implements FeedEvent {}

  /** The network works: the node may be told to be available. */
  record NetworkUp() implements FeedEvent {}

  /** What net-conf.json says now. */
  record ConfigText(String text) implements FeedEvent {}

  /** Why net-conf.json cannot be read now. */
  record ConfigUnreadable(String reason) implements FeedEvent {}
}
