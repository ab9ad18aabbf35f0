// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Programs of the machine that tests need, and the room they work in. */
public final class TestPrograms {

  private TestPrograms() {}

  /** Skips the test with a printed reason, or fails it if REQUIRE_ALL=1. */
  public static void needs(String program, String debianPackage) {
    for (String folder : List.of("/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin")) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return;
      }
    }
    String reason = "skipped: no %s here (Debian package %s)".formatted(program, debianPackage);
    System.out.println(reason);
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      fail(reason);
    }
    Assumptions.abort(reason);
  }

  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** The output of a program that must end with 0. */
  public static String run(List<String> command, Map<String, String> environment) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().putAll(environment);
      Process program = builder.start();
      program.getOutputStream().close();
      String output = new String(program.getInputStream().readAllBytes(), UTF_8);
      int status = program.waitFor();
      if (status != 0) {
        throw new IllegalStateException(
            "%s ended with %d: %s".formatted(String.join(" ", command), status, output));
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Deletes a folder, if it is there, with all in it. */
  public static void deleteTree(Path root) {
    if (!Files.exists(root)) {
      return;
    }
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
                throws IOException {
              Files.delete(folder);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
