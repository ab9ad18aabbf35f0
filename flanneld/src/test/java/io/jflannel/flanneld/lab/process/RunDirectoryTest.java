// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.Requirements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a run leaves is found and removed by its directory alone, and nothing else is touched. */
class RunDirectoryTest {

  private RunDirectory run = new RunDirectory(Path.of("/nonexistent"));

  @BeforeEach
  void start() {
    Requirements.lab();
    run = RunDirectory.create();
  }

  @AfterEach
  void end() throws InterruptedException {
    run.remove();
  }

  @Test
  void removalEndsProcessesAndDeletesNamespacesAndFiles() throws InterruptedException {
    String namespace = run.prefix() + "-n1";
    Commands.script("ip netns add " + namespace);
    Child sleeper =
        Child.start(run, "sleeper", Commands.inNetwork(namespace, List.of("sleep", "1000")));
    Await.until("registration", Commands.LIMIT, () -> registered("sleeper").isPresent());

    run.remove();

    assertThat(sleeper.alive()).isFalse();
    assertThat(Path.of("/run/netns", namespace)).doesNotExist();
    assertThat(run.path()).doesNotExist();
  }

  @Test
  void aStoppedProcessIsEndedToo() throws InterruptedException {
    Child sleeper = Child.start(run, "sleeper", List.of("sleep", "1000"));
    Await.until("registration", Commands.LIMIT, () -> registered("sleeper").isPresent());
    sleeper.signal("STOP");

    run.remove();

    assertThat(sleeper.alive()).isFalse();
  }

  @Test
  void aProcessThatTookOverTheIdIsLeftAlone() throws Exception {
    Process other = new ProcessBuilder("sleep", "1000").start();
    try {
      Files.writeString(run.pidFile("old"), statWithOtherStart(other.pid()));

      run.remove();

      assertThat(other.isAlive()).isTrue();
    } finally {
      other.destroyForcibly().waitFor();
    }
  }

  @Test
  void noProcessBecomesItsProgramAfterTheRegisterIsClosed() throws Exception {
    Files.delete(run.path().resolve("pids"));

    Child late = Child.start(run, "late", List.of("sleep", "1000"));

    Await.until("end of the late process", Commands.LIMIT, () -> !late.alive());
  }

  @Test
  void twoRunsOfOneProcessHaveDifferentPrefixes() throws InterruptedException {
    RunDirectory second = RunDirectory.create();
    try {
      assertThat(second.prefix()).isNotEqualTo(run.prefix());
      assertThat(second.owned()).isTrue();
      assertThat(RunDirectory.all()).contains(run, second);
    } finally {
      second.remove();
    }
  }

  @Test
  void aRunWhoseOwnerEndedIsNotOwned() throws IOException {
    Files.writeString(run.file("owner"), statWithOtherStart(ProcessHandle.current().pid()));

    assertThat(run.owned()).isFalse();
  }

  private Optional<ProcessIdentity> registered(String name) {
    return ProcessIdentity.read(run.pidFile(name)).filter(ProcessIdentity::alive);
  }

  /** A line of the form of {@code /proc/PID/stat} whose start time is 7 ticks after boot. */
  private static String statWithOtherStart(long pid) {
    return pid + " (sleep) S" + " 1".repeat(18) + " 7 0 0\n";
  }
}
