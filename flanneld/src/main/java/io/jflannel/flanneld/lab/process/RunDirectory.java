// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * All that one run leaves outside its own process, so that it can be removed by whoever comes
 * later: a directory {@code /run/jflannel-lab/P} whose name P is the prefix of the run's
 * namespaces, with the owner's identity, the identities of the processes started, and their files.
 *
 * <p>Removal reads only this directory. It is the same after a normal end, in a shutdown hook and
 * by {@code --clean} after a SIGKILL.
 */
public record RunDirectory(Path path) {

  private static final Path BASE = Path.of("/run/jflannel-lab");
  private static final Path NAMESPACES = Path.of("/run/netns");
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Makes the directory of a new run of this process. */
  public static RunDirectory create() {
    long pid = ProcessHandle.current().pid();
    try {
      for (int run = 0; ; run++) {
        Path path = BASE.resolve("jfl" + pid + (run == 0 ? "" : "x" + run));
        try {
          Files.createDirectories(BASE);
          Files.createDirectory(path);
        } catch (FileAlreadyExistsException | NoSuchFileException takenOrBaseRemoved) {
          continue;
        }
        Files.createDirectory(path.resolve("pids"));
        Files.copy(Path.of("/proc", Long.toString(pid), "stat"), path.resolve("owner"));
        return new RunDirectory(path);
      }
    } catch (IOException e) {
      throw new CommandException("the lab cannot make its directory in " + BASE, e);
    }
  }

  /** The directories of all runs on this machine. */
  public static List<RunDirectory> all() {
    return list(BASE).stream().filter(Files::isDirectory).map(RunDirectory::new).toList();
  }

  /** The prefix of the run's namespaces. */
  public String prefix() {
    return path.getFileName().toString();
  }

  /** Whether the process that made it still runs. */
  public boolean owned() {
    return ProcessIdentity.read(path.resolve("owner")).filter(ProcessIdentity::alive).isPresent();
  }

  /** Where a process writes its own identity before it becomes what it shall be. */
  public Path pidFile(String name) {
    return path.resolve("pids").resolve(name);
  }

  /** A file of the run. */
  public Path file(String name) {
    return path.resolve(name);
  }

  /** Makes a directory for one of the run's members. */
  public Path directory(String name) {
    try {
      return Files.createDirectories(path.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the processes, deletes the namespaces, then the files. */
  public void remove() throws InterruptedException {
    List<ProcessIdentity> processes = closeRegister();
    processes.forEach(ProcessIdentity::kill);
    Await.until(
        "end of the lab's processes",
        PATIENCE,
        () -> processes.stream().noneMatch(ProcessIdentity::alive));
    StringBuilder batch = new StringBuilder();
    for (Path namespace : list(NAMESPACES)) {
      String name = namespace.getFileName().toString();
      if (name.startsWith(prefix() + "-")) {
        batch.append("netns del ").append(name).append('\n');
      }
    }
    if (!batch.isEmpty()) {
      Commands.script("ip -force -batch - <<'END'\n" + batch + "END\n");
    }
    deleteTree(etcdData());
    deleteTree(path);
    BASE.toFile().delete(); // fails, as it should, while another lab has a directory in it
  }

  /** The processes that registered. From here on none can, so none starts. */
  private List<ProcessIdentity> closeRegister() {
    Path closed = path.resolve("pids-closed");
    try {
      Files.move(path.resolve("pids"), closed);
    } catch (NoSuchFileException removedBefore) {
      // by a removal that was itself interrupted
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return list(closed).stream().flatMap(f -> ProcessIdentity.read(f).stream()).toList();
  }

  /**
   * Where etcd keeps its data: in memory where there is room for its preallocated files, for the
   * sake of its fsync.
   */
  public Path etcdData() {
    Path memory = Path.of("/dev/shm");
    long room = 512L << 20;
    return memory.toFile().getUsableSpace() >= room
        ? memory.resolve(prefix() + "-etcd")
        : path.resolve("etcd-data");
  }

  public static void deleteTree(Path root) {
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException gone) {
      // what was wanted
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.sorted().toList();
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
