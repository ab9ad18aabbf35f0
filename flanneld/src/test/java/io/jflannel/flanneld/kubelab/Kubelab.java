// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kubelab;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.lab.Requirements;
import io.jflannel.flanneld.store.etcd.TestPrograms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The programs of a real Kubernetes, and how they are run. */
public final class Kubelab {

  /** The checkout. */
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private Kubelab() {}

  /**
   * The binary that {@code scripts/kubelab.sh} builds: {@code KUBELAB}, else the one in its cache.
   * Without it the test is skipped with a printed reason, or fails if REQUIRE_ALL=1.
   */
  public static Path binary() {
    Requirements.lab("openssl", "etcd");
    Optional<Path> found =
        Stream.of(
                Optional.ofNullable(System.getenv("KUBELAB")).map(Path::of),
                Optional.ofNullable(System.getenv("JFLANNEL_KUBELAB_CACHE"))
                    .map(cache -> Path.of(cache, "kubelab")),
                Optional.of(ROOT.resolve(".build/kubelab/kubelab")))
            .flatMap(Optional::stream)
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isEmpty()) {
      Requirements.missing("no Kubernetes here: scripts/kubelab.sh builds it, in minutes");
    }
    return found.orElseThrow();
  }

  /**
   * A directory for something of this process. Before it is made, what processes that were killed
   * have left of the same kind is ended and deleted.
   *
   * @param program in {@code kubelab/} that ends it
   */
  static Path directory(String program, String end) {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
    String prefix = "jflannel-" + program + "-";
    try (Stream<Path> others = Files.list(temporary)) {
      for (Path other : others.filter(path -> isOfTheDead(path, prefix)).toList()) {
        run(
            List.of(ROOT.resolve("kubelab").resolve(program).toString(), end, other.toString()),
            Map.of(),
            "");
        TestPrograms.deleteTree(other);
      }
      return Files.createTempDirectory(prefix + ProcessHandle.current().pid() + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isOfTheDead(Path path, String prefix) {
    Matcher owner = Pattern.compile(prefix + "(\\d+)-\\d+").matcher(path.getFileName().toString());
    return owner.matches() && ProcessHandle.of(Long.parseLong(owner.group(1))).isEmpty();
  }

  /** What a program said, and how it ended. */
  public record Outcome(int status, String out, String err) {

    /** Its output; it must have ended with 0. */
    public String orThrow() {
      if (status != 0) {
        throw new IllegalStateException("ended with %d: %s%s".formatted(status, err, out));
      }
      return out;
    }
  }

  /**
   * Runs a command to its end.
   *
   * @param environment variables beside this process's
   */
  public static Outcome run(List<String> command, Map<String, String> environment, String input) {
    try {
      Path errors = Files.createTempFile("jflannel-kubelab-", ".err");
      try {
        ProcessBuilder builder =
            new ProcessBuilder(new ArrayList<>(command)).redirectError(errors.toFile());
        builder.environment().putAll(environment);
        Process program = builder.start();
        try (var writer = program.outputWriter(UTF_8)) {
          writer.write(input);
        }
        String out = new String(program.getInputStream().readAllBytes(), UTF_8);
        return new Outcome(program.waitFor(), out, Files.readString(errors));
      } finally {
        Files.delete(errors);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
