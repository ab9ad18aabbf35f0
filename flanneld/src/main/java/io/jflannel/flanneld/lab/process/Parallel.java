// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/** The same work for several things at a time. */
public final class Parallel {

  /** Work that may block. */
  public interface Work<T, R> {
    R on(T thing) throws InterruptedException;
  }

  /** Work without a result. */
  public interface Step<T> {
    void on(T thing) throws InterruptedException;
  }

  private Parallel() {}

  /**
   * Does all of it and waits for all of it.
   *
   * @return results in the order of {@code things}
   * @throws RuntimeException the first failure, after all have ended
   */
  public static <T, R> List<R> map(List<T> things, Work<T, R> work) throws InterruptedException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<R>> tasks =
          things.stream().map(t -> (Callable<R>) () -> work.on(t)).collect(Collectors.toList());
      List<Future<R>> futures = threads.invokeAll(tasks);
      return futures.stream().map(Parallel::result).toList();
    }
  }

  /** Like {@link #map}, without results. */
  public static <T> void each(List<T> things, Step<T> step) throws InterruptedException {
    map(
        things,
        thing -> {
          step.on(thing);
          return true;
        });
  }

  private static <R> R result(Future<R> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      throw new AssertionError("invokeAll returned before its work was done", e);
    }
  }
}
