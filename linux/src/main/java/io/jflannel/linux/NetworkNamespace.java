// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;

/**
 * A network namespace (network_namespaces(7)), held open so that it lives at least as long as this.
 *
 * <p>A namespace is a property of a thread. Code enters one only on a platform thread that was
 * started for it and ends with it, so no pooled thread is ever left in the wrong place. Processes
 * started on such a thread are in the namespace too.
 */
public final class NetworkNamespace implements AutoCloseable {

  private static final Path NAMED = Path.of("/run/netns");
  private static final String OF_THIS_THREAD = "/proc/thread-self/ns/net";
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int MS_BIND = 0x1000;
  private static final int MS_REC = 0x4000;
  private static final int MS_SHARED = 1 << 20;
  private static final int MNT_DETACH = 2;

  private final String description;
  private final Descriptor descriptor;

  private NetworkNamespace(String description, Descriptor descriptor) {
    this.description = description;
    this.descriptor = descriptor;
  }

  /** The calling thread's. */
  public static NetworkNamespace current() {
    return at(Path.of(OF_THIS_THREAD));
  }

  /**
   * One that {@code ip netns} knows.
   *
   * @throws LinuxException ENOENT if there is none of that name
   */
  public static NetworkNamespace named(String name) {
    return at(pathOf(name));
  }

  /**
   * That of a process.
   *
   * @throws LinuxException ENOENT if there is no such process
   */
  public static NetworkNamespace ofProcess(long pid) {
    return at(Path.of("/proc/" + pid + "/ns/net"));
  }

  /** By any path that the kernel offers for it. */
  public static NetworkNamespace at(Path path) {
    return new NetworkNamespace(
        path.toString(), Descriptor.open(path.toString(), Descriptor.O_RDONLY, 0));
  }

  /** A new one without a name: it ends with the last descriptor, device owner or process in it. */
  public static NetworkNamespace anonymous() {
    return onFreshThread("new namespace", NetworkNamespace::unshared);
  }

  private static NetworkNamespace unshared() {
    Descriptor.checked("unshare network namespace", Libc.unshare(CLONE_NEWNET));
    Descriptor descriptor = Descriptor.open(OF_THIS_THREAD, Descriptor.O_RDONLY, 0);
    return new NetworkNamespace("anonymous namespace", descriptor);
  }

  /**
   * Creates a named one, exactly as {@code ip netns add} does: a bind mount on {@code
   * /run/netns/NAME}.
   *
   * @throws LinuxException EEXIST if the name is taken
   */
  public static NetworkNamespace create(String name) {
    prepareDirectory();
    String path = pathOf(name).toString();
    Descriptor.open(path, Descriptor.O_RDONLY | Descriptor.O_CREAT | Descriptor.O_EXCL, 0).close();
    try {
      return onFreshThread(
          "new namespace " + name,
          () -> {
            NetworkNamespace created = unshared();
            int mounted = Libc.mount(OF_THIS_THREAD, path, "none", MS_BIND);
            if (mounted < 0) {
              created.close();
              throw new LinuxException("mount " + path, -mounted, "");
            }
            return new NetworkNamespace(path, created.descriptor);
          });
    } catch (LinuxException e) {
      removeFile(path);
      throw e;
    }
  }

  /**
   * Deletes a name, as {@code ip netns delete} does. The namespace itself lives on while processes
   * or descriptors use it.
   *
   * @throws LinuxException ENOENT if there is none of that name
   */
  public static void delete(String name) {
    String path = pathOf(name).toString();
    int unmounted = Libc.umount2(path, MNT_DETACH);
    // EINVAL: a file that is no mount, left by a killed creator
    if (unmounted < 0 && !Errno.EINVAL.is(-unmounted)) {
      throw new LinuxException("umount " + path, -unmounted, "");
    }
    removeFile(path);
  }

  /** The names that {@link #named} accepts, in no particular order. */
  public static List<String> names() {
    if (!Files.isDirectory(NAMED)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(NAMED)) {
      return files.map(file -> file.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** For setns(2) and IFLA_NET_NS_FD; stays this object's. */
  public int descriptor() {
    return descriptor.number();
  }

  /**
   * Runs the task on a platform thread of its own in this namespace and waits for it. An interrupt
   * of the caller interrupts the task.
   *
   * @throws LinuxException from entering; unchecked exceptions of the task as they are; checked
   *     ones as the cause of an IllegalStateException
   * @throws InterruptedException if the caller was interrupted; the task may still be ending
   */
  public <T> T run(Callable<T> task) throws InterruptedException {
    FutureTask<T> entered = inside(task);
    Thread thread = Thread.ofPlatform().name(description).start(entered);
    try {
      return result(entered);
    } catch (InterruptedException e) {
      thread.interrupt();
      throw e;
    }
  }

  /** Starts a platform thread in this namespace; the caller cares for its end and its errors. */
  public Thread start(String threadName, Runnable task) {
    return Thread.ofPlatform()
        .name(threadName)
        .start(() -> {
          enter();
          task.run();
        });
  }

  private <T> FutureTask<T> inside(Callable<T> task) {
    return new FutureTask<>(() -> {
      enter();
      return task.call();
    });
  }

  private void enter() {
    Descriptor.checked("enter " + description, Libc.setns(descriptor(), CLONE_NEWNET));
  }

  @Override
  public void close() {
    descriptor.close();
  }

  @Override
  public String toString() {
    return description;
  }

  private static <T> T onFreshThread(String name, Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    Thread.ofPlatform().name(name).start(future);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return result(future);
        } catch (InterruptedException e) {
          interrupted = true; // a few system calls: finish, then tell
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static <T> T result(FutureTask<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException unchecked -> throw unchecked;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    }
  }

  private static Path pathOf(String name) {
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.equals(".") || name.equals("..")) {
      throw new IllegalArgumentException("\"" + name + "\" is no name for a namespace");
    }
    return NAMED.resolve(name);
  }

  /** Mounts made in other mount namespaces must appear here: shared, as ip(8) does it. */
  private static void prepareDirectory() {
    String directory = NAMED.toString();
    try {
      Files.createDirectories(NAMED);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    int shared = Libc.mount("", directory, "none", MS_SHARED | MS_REC);
    if (Errno.EINVAL.is(-shared)) { // no mount point yet
      Descriptor.checked(
          "mount " + directory, Libc.mount(directory, directory, "none", MS_BIND | MS_REC));
      shared = Libc.mount("", directory, "none", MS_SHARED | MS_REC);
    }
    Descriptor.checked("share " + directory, shared);
  }

  private static void removeFile(String path) {
    try {
      Files.deleteIfExists(Path.of(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
