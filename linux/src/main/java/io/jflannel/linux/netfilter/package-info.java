// SPDX-License-Identifier: Apache-2.0
/**
 * The rules of nf_tables over netlink (linux/netfilter/nf_tables.h), also those that {@code
 * iptables-nft} wrote: reading them chain by chain, noticing changes, removing. Families ip and
 * ip6.
 */
package io.jflannel.linux.netfilter;
