// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/** How packets move between the TUN device and the socket, from the fastest to the simplest. */
public enum Datapath {
  /** Super-packets of up to 64 KiB cross the TUN and, where the kernel can, the socket. */
  OFFLOAD,
  /** Many datagrams per system call on the socket, one packet per call on the TUN. */
  BATCH,
  /** One packet per system call. */
  SINGLE
}
