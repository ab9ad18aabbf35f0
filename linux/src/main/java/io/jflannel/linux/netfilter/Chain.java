// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import java.util.Optional;

/**
 * A chain without its rules.
 *
 * @param handle unique in the table; stays when the chain is renamed
 * @param base empty for a chain that is only jumped to
 */
public record Chain(ChainName name, long handle, Optional<BaseChain> base) {}
