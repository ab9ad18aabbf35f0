// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jflannel.bench.Deadline;
import io.jflannel.bench.Host;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The measuring programs on a loopback, which loses nothing. */
class DatagramsTest {

  @Test
  void ratesAndRoundTripsAreAsAskedFor() throws InterruptedException {
    String reason = "skipped: network namespaces need root";
    boolean able = "root".equals(System.getProperty("user.name"));
    if (!able) {
      assertThat(System.getenv("REQUIRE_ALL")).as(reason).isNotEqualTo("1");
      System.out.println(reason);
    }
    assumeTrue(able, reason);
    try (Host host = Host.bare("datagrams")) {
      host.run("ip", "link", "set", "lo", "up");
      String program = Programs.compile(host).datagrams().toString();
      Path log = host.directory().resolve("log");
      Process server = host.start(log, List.of(program, "serve", "127.0.0.1", "7777"));
      Deadline.seconds(10).await("the server", server, () -> isBound(host));

      List<Double> rate =
          numbers(host.run(program, "rate", "127.0.0.1", "7777", "36", "5000", "0.4"));
      assertThat(rate.get(0)).isBetween(1_000.0, 2_100.0);
      assertThat(rate.get(1)).as("received").isEqualTo(rate.get(0));
      assertThat(rate.get(4)).as("reordered").isZero();

      List<Double> trips = numbers(host.run(program, "ask", "127.0.0.1", "7777", "36", "0.2"));
      assertThat(trips.get(0)).isGreaterThan(10);
      assertThat(trips.get(1)).as("lost").isZero();
      assertThat(trips.get(2)).isPositive().isLessThanOrEqualTo(trips.get(3));
      assertThat(trips.get(3)).isLessThanOrEqualTo(trips.get(4));
    }
  }

  private static boolean isBound(Host host) throws InterruptedException {
    return host.run("cat", "/proc/net/udp").contains("0100007F:1E61");
  }

  private static List<Double> numbers(String line) {
    return Stream.of(line.strip().split(" ", -1)).map(Double::valueOf).toList();
  }
}
