// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A table of iptables in memory: what iptables-restore does to it, and what iptables-save says. */
final class Table {

  private final String name;
  private final Map<String, List<String>> chains = new LinkedHashMap<>();

  private Table(String name) {
    this.name = name;
  }

  static Table of(String saved) {
    Table table = new Table(saved.lines().findFirst().orElseThrow().substring(1));
    table.restore(saved);
    return table;
  }

  /** With {@code --noflush}. */
  Table restore(String text) {
    for (String line : text.lines().toList()) {
      String[] words = line.split(" ", 3);
      switch (words[0]) {
        case "-A" -> chain(words[1]).add(words[2]);
        case "-D" -> {
          if (!chain(words[1]).remove(words[2])) {
            throw new IllegalStateException("no such rule: " + line);
          }
        }
        case "-I" -> {
          String[] placed = words[2].split(" ", 2);
          chain(words[1]).add(Integer.parseInt(placed[0]) - 1, placed[1]);
        }
        case "-F" -> chain(words[1]).clear();
        case "-X" -> remove(words[1]);
        default -> declare(line);
      }
    }
    return this;
  }

  private void declare(String line) {
    if (line.startsWith(":")) {
      chains.put(line.substring(1, line.indexOf(' ')), new ArrayList<>());
    } else if (!line.equals("*" + name) && !line.equals("COMMIT") && !line.isEmpty()) {
      throw new IllegalStateException("not understood: " + line);
    }
  }

  private void remove(String chain) {
    boolean used =
        chains.values().stream().flatMap(List::stream).anyMatch(r -> r.endsWith("-j " + chain));
    if (used || !chain(chain).isEmpty()) {
      throw new IllegalStateException("in use: " + chain);
    }
    chains.remove(chain);
  }

  List<String> chain(String chain) {
    List<String> rules = chains.get(chain);
    if (rules == null) {
      throw new IllegalStateException("no such chain: " + chain);
    }
    return rules;
  }

  boolean has(String chain) {
    return chains.containsKey(chain);
  }

  String save() {
    StringBuilder out = new StringBuilder("*" + name + "\n");
    chains.keySet().forEach(chain -> out.append(":%s - [0:0]\n".formatted(chain)));
    chains.forEach(
        (chain, rules) -> rules.forEach(r -> out.append("-A %s %s\n".formatted(chain, r))));
    return out.append("COMMIT\n").toString();
  }
}
