// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp.reference;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What tshark, an independent parser, says about captured datagrams: each must be exactly one valid
 * IPv4 packet, with right checksums of itself, its TCP, UDP or ICMP part and what is around it
 * (backends.md 6.3).
 *
 * @param datagrams of port 8285 in the file
 * @param kinds of the packets inside: {@code tcp}, {@code udp}, {@code icmp}, {@code fragment} and
 *     the numbers of other protocols
 * @param faults what is wrong, with the frame's number; at most a hundred
 */
public record WireCheck(long datagrams, Map<String, Long> kinds, List<String> faults) {

  private static final int MOST_FAULTS = 100;
  private static final String GOOD = "1";
  private static final String ABSENT = "3"; // a UDP checksum of 0: its sender made none
  private static final int IP_HEADER = 20;
  private static final int UDP_HEADER = 8;

  /** What is asked of tshark about each frame; several values of one frame are in order. */
  private enum Field {
    NUMBER("frame.number"),
    IP_HEADER_LENGTH("ip.hdr_len"),
    IP_LENGTH("ip.len"),
    PROTOCOL("ip.proto"),
    OFFSET("ip.frag_offset"),
    MORE("ip.flags.mf"),
    IP_SUM("ip.checksum.status"),
    UDP_LENGTH("udp.length"),
    UDP_SUM("udp.checksum.status"),
    TCP_SUM("tcp.checksum.status"),
    ICMP_SUM("icmp.checksum.status");

    private final String name;

    Field(String name) {
      this.name = name;
    }
  }

  /** Looks at a capture from a wire of this MTU. */
  public static WireCheck of(Path capture, int mtu) throws InterruptedException {
    Commands.require("tshark");
    Reading reading = new Reading(mtu);
    try {
      Process process =
          new ProcessBuilder(command(capture))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (BufferedReader lines = process.inputReader(UTF_8)) {
        lines.lines().forEach(line -> reading.frame(Frame.of(line)));
      }
      if (process.waitFor() != 0) {
        throw new IllegalStateException("tshark cannot read " + capture);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return reading.result();
  }

  private static List<String> command(Path capture) {
    List<String> command =
        new ArrayList<>(List.of("tshark", "-n", "-r", capture.toString(), "-T", "fields"));
    command.addAll(List.of("-Y", "udp.port == 8285 || ip.frag_offset > 0"));
    command.addAll(List.of("-d", "udp.port==8285,ip", "-E", "occurrence=a", "-E", "aggregator=,"));
    Stream.of("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")
        .forEach(preference -> command.addAll(List.of("-o", preference + ":TRUE")));
    Stream.of("ip.defragment", "tcp.desegment_tcp_streams")
        .forEach(preference -> command.addAll(List.of("-o", preference + ":FALSE")));
    Stream.of(Field.values()).forEach(field -> command.addAll(List.of("-e", field.name)));
    return command;
  }

  /** One line of tshark's. */
  private record Frame(Map<Field, List<String>> values) {

    static Frame of(String line) {
      Iterator<String> columns = List.of(line.split("\t", -1)).iterator();
      Map<Field, List<String>> values = new EnumMap<>(Field.class);
      for (Field field : Field.values()) {
        values.put(field, List.of(columns.next().split(",", -1)));
      }
      return new Frame(values);
    }

    /** The n-th value of a field, empty if there are fewer. */
    String value(Field field, int n) {
      List<String> found = values.getOrDefault(field, List.of());
      return n < found.size() ? found.get(n) : "";
    }

    int number(Field field, int n) {
      String value = value(field, n);
      return value.isEmpty() ? -1 : Integer.parseInt(value);
    }

    boolean isFragment(int n) {
      return number(Field.OFFSET, n) > 0 || GOOD.equals(value(Field.MORE, n));
    }
  }

  /** What has been read so far. */
  private static final class Reading {

    private final int mtu;
    private final Map<String, Long> kinds = new TreeMap<>();
    private final List<String> faults = new ArrayList<>();
    private long datagrams;

    Reading(int mtu) {
      this.mtu = mtu;
    }

    void frame(Frame frame) {
      datagrams++;
      if (frame.isFragment(0)) {
        fault(frame, "the datagram is a fragment");
      } else {
        outside(frame);
        inside(frame);
      }
    }

    private void outside(Frame frame) {
      if (frame.number(Field.IP_LENGTH, 0) > mtu) {
        fault(frame, "larger than the MTU: " + frame.number(Field.IP_LENGTH, 0));
      }
      if (frame.number(Field.IP_LENGTH, 0) != frame.number(Field.UDP_LENGTH, 0) + IP_HEADER) {
        fault(frame, "the outer lengths do not agree");
      }
      demand(frame, "outer IP", frame.value(Field.IP_SUM, 0));
      demand(frame, "outer UDP", frame.value(Field.UDP_SUM, 0), ABSENT);
    }

    private void inside(Frame frame) {
      if (frame.number(Field.IP_LENGTH, 1) != frame.number(Field.UDP_LENGTH, 0) - UDP_HEADER) {
        fault(frame, "not exactly one packet inside");
        return;
      }
      demand(frame, "inner IP", frame.value(Field.IP_SUM, 1));
      String kind = frame.isFragment(1) ? "fragment" : kind(frame.value(Field.PROTOCOL, 1));
      kinds.merge(kind, 1L, Long::sum);
      switch (kind) {
        case "tcp" -> demand(frame, "TCP", frame.value(Field.TCP_SUM, 0));
        case "udp" -> innerUdp(frame);
        case "icmp" -> demand(frame, "ICMP", frame.value(Field.ICMP_SUM, 0));
        default -> {} // no checksum of a known place
      }
    }

    private void innerUdp(Frame frame) {
      int header = frame.number(Field.IP_HEADER_LENGTH, 1);
      if (frame.number(Field.IP_LENGTH, 1) != frame.number(Field.UDP_LENGTH, 1) + header) {
        fault(frame, "the inner lengths do not agree");
      }
      demand(frame, "inner UDP", frame.value(Field.UDP_SUM, 1), ABSENT);
    }

    private static String kind(String protocol) {
      return switch (protocol) {
        case "1" -> "icmp";
        case "6" -> "tcp";
        case "17" -> "udp";
        default -> protocol;
      };
    }

    private void demand(Frame frame, String what, String status, String... alsoGood) {
      if (!status.equals(GOOD) && !List.of(alsoGood).contains(status)) {
        fault(frame, what + " checksum: status \"" + status + "\"");
      }
    }

    private void fault(Frame frame, String what) {
      if (faults.size() < MOST_FAULTS) {
        faults.add("frame " + frame.value(Field.NUMBER, 0) + ": " + what);
      }
    }

    WireCheck result() {
      return new WireCheck(datagrams, Map.copyOf(kinds), List.copyOf(faults));
    }
  }
}
