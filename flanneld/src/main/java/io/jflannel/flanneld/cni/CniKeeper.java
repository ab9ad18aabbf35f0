// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cni;

import io.jflannel.cni.FlannelEnv;
import io.jflannel.files.Reasons;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.Latest.Versioned;
import io.jflannel.flanneld.status.FileState;
import io.jflannel.flanneld.subnetfile.KeptFile;
import io.jflannel.flanneld.subnetfile.SubnetEnv;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Keeps the resolved CNI configuration as it should be: writes it when the network works, when the
 * subnet, the MTU or the template changes, and when somebody removed or altered it. While a
 * template is refused, what the one before it says is kept instead.
 */
public final class CniKeeper {

  private static final System.Logger LOG = System.getLogger(CniKeeper.class.getName());
  private static final Duration LOOK = Duration.ofSeconds(4);

  private final Path template;
  private final Path output;
  private final KeptFile file;
  private final Latest<SubnetEnv> wanted;
  private final Consumer<FileState> report;
  private FileState reported = new FileState.Outstanding();
  private Optional<Attempt> newest = Optional.empty();
  private Optional<Attempt> good = Optional.empty();
  private Optional<String> written = Optional.empty();

  /** A rendering and what it was made from. */
  private record Attempt(String template, SubnetEnv env, Rendering rendering) {

    static Attempt of(String template, SubnetEnv env) {
      return new Attempt(
          template,
          env,
          Rendering.of(template, FlannelEnv.parse("the daemon's network", env.text())));
    }

    boolean isOf(String otherTemplate, SubnetEnv otherEnv) {
      return template.equals(otherTemplate) && env.equals(otherEnv);
    }
  }

  /**
   * Keeps one file.
   *
   * @param wanted has a value once the network works
   * @param report told after each change of the file's state, on the thread that runs this
   */
  public CniKeeper(Options.Cni cni, Latest<SubnetEnv> wanted, Consumer<FileState> report) {
    template = cni.template();
    output = cni.output().toAbsolutePath().normalize();
    file = new KeptFile(output, output.resolveSibling("."));
    this.wanted = wanted;
    this.report = report;
  }

  /**
   * After a boot: what is there says that pods can start, and they cannot yet.
   *
   * @throws IOException if it is there and stays
   */
  public static void removeFormer(Options.Cni cni) throws IOException {
    if (Files.deleteIfExists(cni.output())) {
      LOG.log(Level.INFO, "Removed {0} of before the boot until the network works", cni.output());
    }
  }

  /** Until interrupted. The file stays. */
  public void run() throws InterruptedException {
    Versioned<SubnetEnv> current = wanted.awaitNewer(0);
    while (true) {
      keep(current.value());
      current = wanted.awaitNewer(current.version(), LOOK).orElse(current);
    }
  }

  private void keep(SubnetEnv env) throws InterruptedException {
    FileState state;
    try {
      state = kept(env);
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      state = new FileState.Failed(Reasons.of(e));
    }
    if (!state.equals(reported)) {
      if (state instanceof FileState.Failed(String reason)) {
        LOG.log(Level.WARNING, "CNI configuration {0} is not kept: {1}", output, reason);
      }
      report.accept(state);
      reported = state;
    }
  }

  private FileState kept(SubnetEnv env) throws IOException {
    return switch (render(env)) {
      case Rendering.Resolved(String text) -> {
        good = newest;
        yield written(text);
      }
      case Rendering.Refused(String problem) -> {
        keepFormer(env);
        yield new FileState.Failed(problem);
      }
    };
  }

  private Rendering render(SubnetEnv env) {
    try {
      Optional<String> text = KeptFile.read(template);
      if (text.isEmpty()) {
        return refused("there is no such file");
      }
      newest = attempt(newest, text.get(), env);
      return newest.get().rendering() instanceof Rendering.Refused(String reason)
          ? refused(reason)
          : newest.get().rendering();
    } catch (IOException e) {
      return new Rendering.Refused(Reasons.of(e));
    }
  }

  private Rendering refused(String reason) {
    return new Rendering.Refused(template + " cannot be used: " + reason);
  }

  /** Pods go on to start by what the last good template said. */
  private void keepFormer(SubnetEnv env) throws IOException {
    if (good.isPresent()) {
      good = attempt(good, good.get().template(), env);
      if (good.get().rendering() instanceof Rendering.Resolved(String text)) {
        written(text);
      }
    }
  }

  private static Optional<Attempt> attempt(
      Optional<Attempt> before, String template, SubnetEnv env) {
    return before
        .filter(attempt -> attempt.isOf(template, env))
        .or(() -> Optional.of(Attempt.of(template, env)));
  }

  private FileState written(String text) throws IOException {
    if (!written.equals(Optional.of(text))) {
      file.write(text);
      written = Optional.of(text);
      LOG.log(Level.INFO, "Wrote CNI configuration {0} from {1}", output, template);
    } else if (!file.intact(text)) {
      LOG.log(Level.WARNING, "{0} was removed or altered; writing it again", output);
      file.write(text);
    }
    return new FileState.Written();
  }
}
