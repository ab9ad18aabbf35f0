// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.flanneld.traffic.Rule.Side;
import io.jflannel.flanneld.traffic.Rule.Verdict;
import io.jflannel.net.Cidr;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * A rule as iptables-save prints it, as far as we can read it.
 *
 * @param text all behind {@code -A CHAIN }, to be given back to iptables-restore verbatim
 * @param readable whether everything in it was understood
 * @param bare whether it has no condition at all
 * @param target {@code -j}
 */
record IptablesLine(
    String text,
    boolean readable,
    boolean bare,
    boolean marked,
    Optional<Side> source,
    Optional<Side> destination,
    Optional<String> comment,
    Optional<String> target,
    List<String> targetOptions) {

  private static final String MARK = "0x%x/0x%x".formatted(Rule.MARK, Rule.MARK);

  /** Reads what stands behind {@code -A CHAIN }. */
  static IptablesLine parse(String text) {
    Reading reading = new Reading();
    reading.read(tokens(text).iterator());
    return reading.line(text);
  }

  /** How a rule of ours is written, in the order of arguments of 14.1. */
  static String render(Rule rule, String comment) {
    StringBuilder out = new StringBuilder();
    if (rule.marked()) {
      out.append("-m mark --mark ").append(MARK).append(' ');
    }
    rule.source().ifPresent(side -> render(out, "-s ", side));
    rule.destination().ifPresent(side -> render(out, "-d ", side));
    out.append(comment(comment)).append(" -j ");
    out.append(
        switch (rule.verdict()) {
          case RETURN -> "RETURN";
          case ACCEPT -> "ACCEPT";
          case MASQUERADE -> "MASQUERADE";
          case MASQUERADE_FULLY_RANDOM -> "MASQUERADE --random-fully";
        });
    return out.toString();
  }

  static String jump(String chain, String comment) {
    return comment(comment) + " -j " + chain;
  }

  private static String comment(String text) {
    return "-m comment --comment \"" + text + "\"";
  }

  private static void render(StringBuilder out, String option, Side side) {
    out.append(side.except() ? "! " : "").append(option).append(side.addresses()).append(' ');
  }

  /** The rule of ours that this is, if it has such a shape. */
  Optional<Rule> rule() {
    return readable
        ? verdict().map(v -> new Rule(marked, source, destination, v))
        : Optional.empty();
  }

  private Optional<Verdict> verdict() {
    boolean plain = targetOptions.isEmpty();
    return switch (target.orElse("")) {
      case "RETURN" -> plain ? Optional.of(Verdict.RETURN) : Optional.empty();
      case "ACCEPT" -> plain ? Optional.of(Verdict.ACCEPT) : Optional.empty();
      case "MASQUERADE" ->
          plain
              ? Optional.of(Verdict.MASQUERADE)
              : targetOptions.equals(List.of("--random-fully"))
                  ? Optional.of(Verdict.MASQUERADE_FULLY_RANDOM)
                  : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** Whether no packet gets behind it, as it has one of these targets. */
  boolean endsAll(List<String> targets) {
    return bare && target.filter(targets::contains).isPresent();
  }

  /** Words; what is quoted is one, with backslashes taken away. */
  private static List<String> tokens(String text) {
    List<String> tokens = new ArrayList<>();
    StringBuilder token = new StringBuilder();
    boolean quoted = false;
    boolean any = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        quoted = !quoted;
        any = true;
      } else if (c == '\\' && quoted && i + 1 < text.length()) {
        i++;
        token.append(text.charAt(i));
      } else if (c == ' ' && !quoted) {
        if (any) {
          tokens.add(token.toString());
        }
        token.setLength(0);
        any = false;
      } else {
        token.append(c);
        any = true;
      }
    }
    if (any) {
      tokens.add(token.toString());
    }
    return tokens;
  }

  /** Fields under construction. */
  private static final class Reading {
    private boolean readable = true;
    private boolean bare = true;
    private boolean marked;
    private Optional<Side> source = Optional.empty();
    private Optional<Side> destination = Optional.empty();
    private Optional<String> comment = Optional.empty();
    private Optional<String> target = Optional.empty();
    private final List<String> targetOptions = new ArrayList<>();

    private void read(Iterator<String> tokens) {
      boolean except = false;
      while (tokens.hasNext()) {
        String token = tokens.next();
        if (target.isPresent()) {
          targetOptions.add(token);
          continue;
        }
        switch (token) {
          case "!" -> {
            except = true;
            continue;
          }
          case "-s" -> source = side(tokens, except);
          case "-d" -> destination = side(tokens, except);
          case "-m" -> match(next(tokens));
          case "--comment" -> comment = Optional.of(next(tokens));
          case "--mark" -> mark(next(tokens), except);
          case "-j" -> target = Optional.of(next(tokens));
          default -> unknown();
        }
        except = false;
      }
    }

    private Optional<Side> side(Iterator<String> tokens, boolean except) {
      bare = false;
      String text = next(tokens);
      try {
        return Optional.of(new Side(Cidr.parse(text).network(), except));
      } catch (IllegalArgumentException e) {
        unknown();
        return Optional.empty();
      }
    }

    private void match(String name) {
      if (!name.equals("comment") && !name.equals("mark")) {
        unknown();
      }
    }

    private void mark(String value, boolean except) {
      bare = false;
      marked = value.equals(MARK) && !except;
      readable &= marked;
    }

    private void unknown() {
      readable = false;
      bare = false;
    }

    private String next(Iterator<String> tokens) {
      if (tokens.hasNext()) {
        return tokens.next();
      }
      unknown();
      return "";
    }

    private IptablesLine line(String text) {
      return new IptablesLine(
          text,
          readable,
          bare,
          marked,
          source,
          destination,
          comment,
          target,
          List.copyOf(targetOptions));
    }
  }
}
