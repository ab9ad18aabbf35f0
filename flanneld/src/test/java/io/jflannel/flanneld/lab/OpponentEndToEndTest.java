// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Commands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Somebody undoes flannel's state a hundred times a second. */
class OpponentEndToEndTest {

  private static final Duration STEP = Duration.ofMillis(10);

  /** Until the daemon has spent what quiet had saved up, and has compiled what it runs. */
  private static final Duration WARM_UP = Duration.ofSeconds(15);

  private static final Duration MEASURED = Duration.ofSeconds(5);

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("bridge");
  }

  @Test
  void anOpponentIsNamedAndCostsLittleAndLosesInTheEnd() throws Exception {
    var spec = LabSpec.of(LabBackend.VXLAN, LabFamilies.DUAL, LabStore.LOCAL).withNodes(2);
    try (Lab lab = Lab.start(spec)) {
      Convergence.await(lab);
      Node node = lab.node(1);
      HostState wanted = HostState.of(node);
      String route = lab.node(2).wiredSubnet().subnets().getFirst().toString();

      try (Opponent opponent = Opponent.on(node)) {
        opponent.undo(route, WARM_UP);
        Duration before = ProcessCpu.of(node.daemonPid());
        long start = System.nanoTime();
        opponent.undo(route, MEASURED);
        Duration spent = ProcessCpu.of(node.daemonPid()).minus(before);
        double share = (double) spent.toNanos() / (System.nanoTime() - start);
        System.out.printf("an opponent costs %.1f %% of a CPU%n", 100 * share);

        assertThat(share).isLessThanOrEqualTo(0.05);
        Await.until(
            "name of the opponent in the status",
            Duration.ofSeconds(10),
            () -> Convergence.status(node, status -> named(status, "ip (pid " + opponent.pid())));
      }
      // the budget may be in debt by what the last pass cost: 64 times that is waited
      wanted.await(node, "what the opponent has left", Duration.ofSeconds(5));
      Convergence.await(lab);
    }
  }

  private static boolean named(NodeStatus status, String by) {
    String opponents =
        Convergence.at(status.document(), "network", "opponents").orElseThrow().text();
    return opponents.contains("route") && opponents.contains("device") && opponents.contains(by);
  }

  /** One {@code ip} process that is told line by line what to do. */
  private record Opponent(Process process, Writer lines) implements AutoCloseable {

    static Opponent on(Node node) throws IOException {
      List<String> batch = List.of("ip", "-force", "-batch", "-");
      Process process =
          new ProcessBuilder(Commands.inNetwork(node.namespace(), batch))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return new Opponent(process, process.outputWriter(StandardCharsets.UTF_8));
    }

    long pid() {
      return process.pid();
    }

    /** A hundred times a second, alternately: deletes a route, changes the device's MAC. */
    void undo(String route, Duration time) throws IOException {
      long end = System.nanoTime() + time.toNanos();
      long next = System.nanoTime();
      for (int i = 0; next - end < 0; i++) {
        lines.write(
            i % 2 == 0
                ? "route del " + route + "\n"
                : "link set flannel.1 address 02:00:00:00:%02x:01\n".formatted(i / 2 % 256));
        lines.flush();
        next += STEP.toNanos();
        LockSupport.parkNanos(next - System.nanoTime()); // its pace, nothing is waited for
      }
    }

    @Override
    public void close() {
      try {
        lines.close();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
          throw new AssertionError("ip does not end");
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        process.destroyForcibly();
      }
    }
  }
}
