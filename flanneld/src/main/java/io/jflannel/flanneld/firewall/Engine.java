// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.net.Family;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One way to put rules into the kernel. */
interface Engine {

  /**
   * Gets ready for a family before there is anything to do, so that the first rules are there
   * sooner. What fails here fails again, and is told, when it is needed.
   */
  void prepare(Family family) throws InterruptedException;

  /** For people: {@code iptables (nft)}. */
  String description();

  /**
   * Reads the rules of one family and writes them if they are not as wanted. An empty list means
   * that not even the chain is wanted. What fails is in the outcome.
   *
   * @param doing if rules are only told of, the outcome names what would be written
   */
  Outcome converge(Family family, Map<Part, List<Rule>> wanted, Doing doing)
      throws InterruptedException;

  /**
   * Whether rules of ours may be there, asked without starting a program. Where that cannot be told
   * the answer is yes.
   */
  boolean mayHold(Family family);

  /** Our chain of a part, if the kernel can be asked about it. */
  Optional<ChainName> chain(Family family, Part part);

  /** Where a change by others concerns our rules. */
  Interest interest(Family family);
}
