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
 * subnet, the MTU or the template changes, and when somebody removed or altered it. A template that
 * is refused changes nothing: what was written last stays.
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
  private Optional<Source> source = Optional.empty();
  private Rendering rendering = new Rendering.Refused("");
  private Optional<String> written = Optional.empty();

  /** What a rendering was made from. */
  private record Source(String template, SubnetEnv env) {}

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
      state =
          switch (render(env)) {
            case Rendering.Resolved(String text) -> written(text);
            case Rendering.Refused(String reason) ->
                new FileState.Failed(template + " cannot be used: " + reason);
          };
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

  private Rendering render(SubnetEnv env) throws IOException {
    Optional<String> text = KeptFile.read(template);
    if (text.isEmpty()) {
      source = Optional.empty();
      return new Rendering.Refused("there is no such file");
    }
    Optional<Source> now = Optional.of(new Source(text.get(), env));
    if (!now.equals(source)) {
      rendering = Rendering.of(text.get(), FlannelEnv.parse("the daemon's network", env.text()));
      source = now;
    }
    return rendering;
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
