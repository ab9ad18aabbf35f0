// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class TaskScopeTest {

  private final CountDownLatch never = new CountDownLatch(1);

  @Test
  void joinWaitsForAllTasks() throws Exception {
    LinkedBlockingQueue<String> done = new LinkedBlockingQueue<>();
    try (TaskScope scope = new TaskScope()) {
      scope.fork("virtual", () -> done.add(Thread.currentThread().getName()));
      scope.forkPlatform("platform", () -> done.add(Thread.currentThread().getName()));
      scope.join();
    }
    assertThat(done).containsExactlyInAnyOrder("virtual", "platform");
  }

  @Test
  void tasksRunOnTheKindOfThreadAskedFor() throws Exception {
    LinkedBlockingQueue<Boolean> virtual = new LinkedBlockingQueue<>();
    try (TaskScope scope = new TaskScope()) {
      scope.fork("a", () -> virtual.add(Thread.currentThread().isVirtual()));
      scope.join();
    }
    try (TaskScope scope = new TaskScope()) {
      scope.forkPlatform("b", () -> virtual.add(Thread.currentThread().isVirtual()));
      scope.join();
    }
    assertThat(virtual).containsExactly(true, false);
  }

  @Test
  void theFirstFailureEndsAllAndIsThrown() {
    AtomicBoolean interrupted = new AtomicBoolean();
    TaskScope scope = new TaskScope();
    try (scope) {
      CountDownLatch waiting = new CountDownLatch(1);
      scope.fork("waits", () -> waitFor(waiting, interrupted));
      scope.fork(
          "fails",
          () -> {
            waiting.await();
            throw new IllegalStateException("broken");
          });
      assertThatThrownBy(scope::join)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("broken");
      assertThat(interrupted).isTrue();
    }
  }

  private void waitFor(CountDownLatch waiting, AtomicBoolean interrupted)
      throws InterruptedException {
    waiting.countDown();
    try {
      never.await();
    } catch (InterruptedException e) {
      interrupted.set(true);
      throw e;
    }
  }

  @Test
  void anOwnerThatIsBusyCanLookForAFailure() {
    AtomicBoolean interrupted = new AtomicBoolean();
    CountDownLatch waiting = new CountDownLatch(1);
    try (TaskScope scope = new TaskScope()) {
      scope.fork("waits", () -> waitFor(waiting, interrupted));
      scope.check();
      scope.fork(
          "fails",
          () -> {
            waiting.await();
            throw new IllegalStateException("broken");
          });
      Awaitility.await().untilAsserted(() -> assertThatThrownBy(scope::check).hasMessage("broken"));
    }
    assertThat(interrupted).isTrue();
  }

  @Test
  void anErrorIsThrownAsItIs() {
    try (TaskScope scope = new TaskScope()) {
      scope.fork(
          "fails",
          () -> {
            throw new AssertionError("bug");
          });
      assertThatThrownBy(scope::join).isInstanceOf(AssertionError.class).hasMessage("bug");
    }
  }

  @Test
  void aFailureWhileTheOthersEndIsSuppressedInTheFirst() {
    try (TaskScope scope = new TaskScope()) {
      CountDownLatch waiting = new CountDownLatch(1);
      scope.fork(
          "fails at the end",
          () -> {
            waiting.countDown();
            try {
              never.await();
            } finally {
              failLate();
            }
          });
      scope.fork(
          "fails",
          () -> {
            waiting.await();
            throw new IllegalStateException("first");
          });
      assertThatThrownBy(scope::join)
          .hasMessage("first")
          .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    }
  }

  private static void failLate() {
    throw new IllegalArgumentException("later");
  }

  @Test
  void closingEndsWhatRuns() throws Exception {
    AtomicBoolean interrupted = new AtomicBoolean();
    CountDownLatch waiting = new CountDownLatch(1);
    try (TaskScope scope = new TaskScope()) {
      scope.forkPlatform("waits", () -> waitFor(waiting, interrupted));
      waiting.await();
    }
    assertThat(interrupted).isTrue();
  }

  @Test
  void anInterruptEndsTheJoinAndClosingStillWaits() throws Exception {
    AtomicBoolean ended = new AtomicBoolean();
    CountDownLatch waiting = new CountDownLatch(1);
    LinkedBlockingQueue<String> outcome = new LinkedBlockingQueue<>();
    Thread owner =
        Thread.ofVirtual()
            .start(() -> {
              try (TaskScope scope = new TaskScope()) {
                scope.fork("waits", () -> waitFor(waiting, ended));
                scope.join();
                outcome.add("joined");
              } catch (InterruptedException e) {
                outcome.add("interrupted, task ended: " + ended.get());
              }
            });
    waiting.await();
    owner.interrupt();
    assertThat(outcome.take()).isEqualTo("interrupted, task ended: true");
  }
}
