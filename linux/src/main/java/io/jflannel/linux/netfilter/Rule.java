// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

/**
 * A rule of a chain.
 *
 * @param handle unique in the table and never used again there
 */
public record Rule(ChainName chain, long handle, RuleBody body) {}
