// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

/** How a file is that the daemon keeps. */
public sealed interface FileState {

  /** Not due yet: there is no lease, or its device is not up. */
  record Outstanding() implements FileState {}

  /** It says what it should. */
  record Written() implements FileState {}

  /** The last attempt failed; another one follows. */
  record Failed(String reason) implements FileState {}
}
