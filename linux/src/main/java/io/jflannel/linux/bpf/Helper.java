// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

/** Functions of the kernel that programs of ours call; linux/bpf.h describes the arguments. */
public enum Helper {
  MAP_LOOKUP_ELEM(1),
  SKB_STORE_BYTES(9),
  REDIRECT(23),
  SKB_PULL_DATA(39),
  SKB_CHANGE_HEAD(43),
  SKB_ADJUST_ROOM(50),
  /** Linux 5.10. */
  REDIRECT_NEIGH(152);

  private final int number;

  Helper(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}
