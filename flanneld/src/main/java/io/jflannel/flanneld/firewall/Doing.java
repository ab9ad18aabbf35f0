// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

/** Whether what is not as wanted is mended or only told. */
public enum Doing {
  WRITE,
  TELL
}
