// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

/** An event of a watch. */
sealed interface WatchEvent {

  /** A node was created or changed. */
  record Seen(NodeFacts node) implements WatchEvent {}

  /** A node was deleted; this was its last state. */
  record Gone(NodeFacts node) implements WatchEvent {}

  /** Nothing happened up to this version. */
  record Bookmark(long version) implements WatchEvent {}

  /**
   * The watch ends with an error of the server.
   *
   * @param code as of HTTP, 500 if it names none; 410: the version asked for is too old
   */
  record Failed(int code, String message) implements WatchEvent {}

  /** Of a kind we do not know. */
  record Other() implements WatchEvent {}
}
