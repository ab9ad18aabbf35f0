// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(InNamespace.class)
final class NetworkNamespaceTest {

  private static List<String> links() {
    try (RouteSocket socket = RouteSocket.open()) {
      return socket.links().stream().map(Link::name).toList();
    }
  }

  private static void addBridge(String name) {
    try (RouteSocket socket = RouteSocket.open()) {
      socket.execute(new Request.AddBridge(name, false));
    }
  }

  @Test
  void codeRunsInsideAndTheCallerStaysOutside() throws InterruptedException {
    try (NetworkNamespace inner = NetworkNamespace.anonymous()) {
      List<String> seen =
          inner.run(() -> {
            addBridge("inside0");
            return links();
          });
      assertThat(seen).containsExactlyInAnyOrder("lo", "inside0");
      assertThat(links()).containsExactly("lo");
      assertThat(inner.run(NetworkNamespaceTest::links)).contains("inside0"); // lives on
    }
  }

  @Test
  void aThreadStartsInside() throws Exception {
    try (NetworkNamespace inner = NetworkNamespace.anonymous()) {
      inner.run(() -> {
        addBridge("inside0");
        return true;
      });
      CompletableFuture<List<String>> seen = new CompletableFuture<>();
      Thread thread = inner.start("worker", () -> seen.complete(links()));
      thread.join();
      assertThat(seen.get()).contains("inside0");
      assertThat(thread.getName()).isEqualTo("worker");
      assertThat(thread.isVirtual()).isFalse();
    }
  }

  @Test
  void failuresComeOutAsTheyAre() {
    try (NetworkNamespace inner = NetworkNamespace.anonymous()) {
      assertThatThrownBy(() ->
              inner.run(() -> {
                throw new IllegalArgumentException("mine");
              }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("mine");
      assertThatThrownBy(() ->
              inner.run(() -> {
                throw new java.io.IOException("checked");
              }))
          .hasCauseInstanceOf(java.io.IOException.class);
    }
  }

  @Test
  void anInterruptReachesTheTask() throws InterruptedException {
    try (NetworkNamespace inner = NetworkNamespace.anonymous()) {
      CountDownLatch started = new CountDownLatch(1);
      CountDownLatch interrupted = new CountDownLatch(1);
      Thread caller =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  inner.run(() -> {
                    started.countDown();
                    try {
                      new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                      interrupted.countDown();
                    }
                    return true;
                  });
                } catch (InterruptedException expected) {
                  Thread.currentThread().interrupt();
                }
              });
      started.await();
      caller.interrupt();
      interrupted.await();
      caller.join();
    }
  }

  @Test
  void aClosedOneCannotBeEntered() {
    NetworkNamespace inner = NetworkNamespace.anonymous();
    inner.close();
    inner.close();
    assertThatThrownBy(() -> inner.run(() -> true)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void ofAProcessAndOfThisThread() throws InterruptedException {
    try (NetworkNamespace here = NetworkNamespace.current()) {
      addBridge("here0");
      assertThat(here.run(NetworkNamespaceTest::links)).contains("here0");
    }
    assertThatThrownBy(() -> NetworkNamespace.ofProcess(Integer.MAX_VALUE))
        .hasMessageContaining("ENOENT");
    try (NetworkNamespace process = NetworkNamespace.ofProcess(ProcessHandle.current().pid())) {
      assertThat(process.run(NetworkNamespaceTest::links)).doesNotContain("here0");
    }
  }

  @Test
  void namedOnesAreThoseOfIpNetns() throws InterruptedException {
    String name = "jflannel-test-" + ProcessHandle.current().pid();
    try (NetworkNamespace created = createdOrSkipped(name)) {
      try {
        created.run(() -> {
          addBridge("inside0");
          return true;
        });
        assertThat(NetworkNamespace.names()).contains(name);
        assertThat(Shell.run("ip netns exec " + name + " ip -o link show")).contains("inside0");
        assertThatThrownBy(() -> NetworkNamespace.create(name)).hasMessageContaining("EEXIST");
        try (NetworkNamespace again = NetworkNamespace.named(name)) {
          assertThat(again.run(NetworkNamespaceTest::links)).contains("inside0");
        }
      } finally {
        NetworkNamespace.delete(name);
      }
      assertThat(NetworkNamespace.names()).doesNotContain(name);
      assertThatThrownBy(() -> NetworkNamespace.named(name)).hasMessageContaining("ENOENT");
      assertThatThrownBy(() -> NetworkNamespace.delete(name)).hasMessageContaining("ENOENT");
      Shell.run("ip netns add " + name);
      NetworkNamespace.delete(name);
      assertThat(Shell.run("ip netns list")).doesNotContain(name);
    }
  }

  private static NetworkNamespace createdOrSkipped(String name) {
    try {
      return NetworkNamespace.create(name);
    } catch (LinuxException e) {
      if ("1".equals(System.getenv("REQUIRE_ALL"))) {
        throw e;
      }
      return Assumptions.abort("needs root to mount in /run/netns: " + e.getMessage());
    }
  }

  @Test
  void namesCannotLeadElsewhere() {
    for (String name : List.of("", "..", ".", "a/b", "/etc")) {
      assertThatThrownBy(() -> NetworkNamespace.named(name))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
