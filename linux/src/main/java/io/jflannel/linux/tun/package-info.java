// SPDX-License-Identifier: Apache-2.0
/**
 * A TUN device and a UDP socket for many packets per system call, without allocation: the packets
 * and the kernel's structs lie in one {@link io.jflannel.linux.tun.NativeMemory}. What a program
 * expects in its steady state (nothing to read, a message refused) comes back as a negative errno;
 * setting up throws {@link io.jflannel.linux.LinuxException}.
 */
package io.jflannel.linux.tun;
