// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

/**
 * How a table is.
 *
 * @param use how many chains, sets, objects and flow tables it has
 * @param dormant whether its base chains are unhooked, so that none of its rules does anything
 *     (NFT_TABLE_F_DORMANT of linux/netfilter/nf_tables.h)
 * @param owned whether only the socket that made it may change it (NFT_TABLE_F_OWNER)
 */
public record TableState(int use, boolean dormant, boolean owned) {}
