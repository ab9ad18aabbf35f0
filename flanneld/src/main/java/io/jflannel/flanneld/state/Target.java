// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.Stage;
import java.util.List;

/**
 * Where a state is made real: the kernel of a network namespace, or a fake of it. Used by one
 * thread only. Every implementation passes {@code KernelContract}.
 */
public interface Target extends AutoCloseable {

  /**
   * Reads what is ours, or stands where ours should.
   *
   * @throws io.jflannel.linux.LinuxException if the kernel cannot be asked
   */
  State read(Stage stage, Ownership ownership);

  /**
   * Makes the changes in the given order, in batches. A change that fails does not stop the others.
   * Deleting what is absent is success (B6).
   *
   * @return the changes that failed
   */
  List<Failure> apply(List<Change> changes);

  /** How many messages that change something were sent since the target was opened. */
  long messages();

  @Override
  void close();

  /** One step of a plan. */
  sealed interface Change {
    /** The resource concerned. */
    Resource resource();

    /**
     * Make {@code wanted} so.
     *
     * @param found what stands under its key now
     */
    record Replace(Resource wanted, Resource found) implements Change {
      @Override
      public Resource resource() {
        return wanted;
      }
    }

    /** Make {@code wanted} where nothing stands. */
    record Add(Resource wanted) implements Change {
      @Override
      public Resource resource() {
        return wanted;
      }
    }

    /** Remove {@code found}, exactly it. */
    record Delete(Resource found) implements Change {
      @Override
      public Resource resource() {
        return found;
      }
    }
  }

  /**
   * A change the kernel refused.
   *
   * @param reason errno name and the kernel's own words
   */
  record Failure(Change change, String reason) {}
}
