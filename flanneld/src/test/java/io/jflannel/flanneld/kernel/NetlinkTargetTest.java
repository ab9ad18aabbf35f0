// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.state.Kernel;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Failure;
import io.jflannel.linux.ThreadCpuClock;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class NetlinkTargetTest extends KernelContract {

  private static final int MANY = 2_000;

  @Override
  void inWorld(NetlinkWorld.Body body) throws Exception {
    NetlinkWorld.inNewNamespace(body);
  }

  /** Reading 2,000 objects takes 5 to 10 ms of CPU; once for each refusal would be ten seconds. */
  @Test
  void refusedNexthopsDoNotMakeItAskForEachOfTheirRoutes() throws Exception {
    inWorld(world -> {
      world.addParent("eth0", 1500, List.of(Cidr.parse("100.64.0.1/16")));
      List<Change> changes = new ArrayList<>();
      for (int i = 2; i < MANY + 2; i++) {
        changes.add(new Change.Add(nexthop(onLink(i))));
        changes.add(new Change.Add(nexthop(offLink(i))));
      }
      for (int i = 2; i < MANY + 2; i++) {
        changes.add(new Change.Add(route(Ip.parse("10.0.0.0").plus(256L * i), onLink(i))));
        changes.add(new Change.Add(route(Ip.parse("11.0.0.0").plus(256L * i), offLink(i))));
      }
      ThreadCpuClock clock = new ThreadCpuClock();
      Duration before = clock.now();

      List<Failure> failures = world.target().apply(changes);

      assertThat(clock.now().minus(before)).isLessThan(Duration.ofSeconds(2));
      assertThat(failures)
          .hasSize(2 * MANY)
          .allMatch(failure -> failure.change().resource().toString().contains("100.65."));
    });
  }

  @Test
  void whatEndsTheListeningThreadIsTold() throws Exception {
    NetlinkWorld.inNewNamespace((_, world) -> {
      world.addParent("eth0", 1500, List.of());
      CompletableFuture<Throwable> cause = new CompletableFuture<>();
      var interest =
          new Kernel.Interest(Samples.OWNERSHIP, "eth0", State.empty(), Kernel.Ways.IGNORED);
      try (NetlinkKernel kernel = NetlinkKernel.open()) {
        kernel.listen(() -> interest, new Failing(cause));

        world.setMtu("eth0", 1400);

        assertThat(cause.get(10, TimeUnit.SECONDS)).hasMessage("DEVICE changed");
      }
    });
  }

  private record Failing(CompletableFuture<Throwable> end) implements Kernel.Listener {
    @Override
    public void disturbed(Kernel.Disturbance disturbance) {
      throw new IllegalStateException(disturbance.what().name() + " changed");
    }

    @Override
    public void deaf(Throwable cause) {
      end.complete(cause);
    }
  }

  private static Ip onLink(int i) {
    return Ip.parse("100.64.0.0").plus(i);
  }

  private static Ip offLink(int i) {
    return Ip.parse("100.65.0.0").plus(i);
  }

  private static Nexthop nexthop(Ip gateway) {
    return new Nexthop("eth0", gateway, false);
  }

  private static Resource.Route route(Ip destination, Ip gateway) {
    return new Resource.Route(
        new Cidr(destination, 24), new Via.ViaNexthop("eth0", gateway, false));
  }
}
