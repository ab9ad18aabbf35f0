// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/** How packets pass between the TUN device and the socket. */
public enum Datapath {
  /** Large packets are cut and put together by the kernel and by us: a call carries up to 64. */
  OFFLOAD,
  /** Whole packets, many in each call to the socket. */
  BATCH,
  /** One packet in each call. */
  SINGLE
}
