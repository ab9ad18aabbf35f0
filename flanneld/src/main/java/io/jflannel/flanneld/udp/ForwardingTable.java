// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;

/**
 * Which host has which subnet: longest prefix match. Immutable; looking up allocates nothing and
 * takes one step for each prefix length in use.
 */
public final class ForwardingTable {

  public static final ForwardingTable EMPTY = of(Map.of());

  /** Subnets of one length; 0.0.0.0 is nobody's address and marks a free place. */
  private static final class Level {
    private final int mask;
    private final int[] networks;
    private final int[] hosts;

    Level(int mask, int places) {
      this.mask = mask;
      networks = new int[places];
      hosts = new int[places];
    }

    static Level of(int length, Map<Cidr, Ip> hops) {
      long count = hops.keySet().stream().filter(subnet -> subnet.length() == length).count();
      int places = Integer.highestOneBit((int) count) * 4;
      Level level = new Level(length == 0 ? 0 : -1 << (32 - length), places);
      hops.forEach((subnet, host) -> {
        if (subnet.length() == length) {
          level.put(subnet.network().ip().v4Bits(), host.v4Bits());
        }
      });
      return level;
    }

    private void put(int network, int host) {
      int place = place(network);
      while (hosts[place] != 0) {
        place = place + 1 & hosts.length - 1;
      }
      networks[place] = network;
      hosts[place] = host;
    }

    private int place(int network) {
      int mixed = network * 0x9E3779B9;
      return (mixed ^ mixed >>> 16) & hosts.length - 1;
    }

    int find(int address) {
      int network = address & mask;
      int place = place(network);
      while (hosts[place] != 0 && networks[place] != network) {
        place = place + 1 & hosts.length - 1;
      }
      return hosts[place];
    }
  }

  private final Map<Cidr, Ip> hops;
  private final Level[] levels;
  private final Level peers;

  private ForwardingTable(Map<Cidr, Ip> hops, Level[] levels, Level peers) {
    this.hops = hops;
    this.levels = levels;
    this.peers = peers;
  }

  /**
   * A table.
   *
   * @param hops IPv4 subnets, and the public address of the host that has each
   */
  public static ForwardingTable of(Map<Cidr, Ip> hops) {
    Level[] levels =
        hops.keySet().stream()
            .map(Cidr::length)
            .distinct()
            .sorted(Comparator.reverseOrder())
            .map(length -> Level.of(length, hops))
            .toArray(Level[]::new);
    Ip[] hosts = hops.values().stream().distinct().toArray(Ip[]::new);
    Level peers = new Level(-1, Math.max(1, Integer.highestOneBit(hosts.length) * 4));
    for (Ip host : hosts) {
      peers.put(host.v4Bits(), host.v4Bits());
    }
    return new ForwardingTable(Map.copyOf(hops), levels, peers);
  }

  /** The host behind which an address is; 0 if no subnet has it. */
  int host(int address) {
    for (Level level : levels) {
      int host = level.find(address);
      if (host != 0) {
        return host;
      }
    }
    return 0;
  }

  /** Whether an address is a host of a subnet. */
  boolean isPeer(int address) {
    return peers.find(address) != 0;
  }

  /** What it was made of. */
  public Map<Cidr, Ip> hops() {
    return hops;
  }

  @Override
  public String toString() {
    return Arrays.toString(hops.entrySet().toArray());
  }
}
