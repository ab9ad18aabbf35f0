// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Kernel;
import io.jflannel.flanneld.state.Surroundings;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The kernel of the network namespace of the thread that opens it. Its listening thread starts in
 * the same namespace: Linux threads inherit it.
 */
public final class NetlinkKernel implements Kernel {

  private final NetlinkTarget target;
  private final List<KernelEvents> listening = new ArrayList<>();

  private NetlinkKernel(NetlinkTarget target) {
    this.target = target;
  }

  /**
   * In the calling thread's namespace, which must be a platform thread.
   *
   * @throws io.jflannel.linux.LinuxException if there is no netlink
   */
  public static NetlinkKernel open() {
    return new NetlinkKernel(NetlinkTarget.open());
  }

  @Override
  public NetlinkTarget target() {
    return target;
  }

  @Override
  public Surroundings surroundings() {
    return target.surroundings();
  }

  @Override
  public void listen(Supplier<Interest> interest, Consumer<Disturbance> listener) {
    listening.add(KernelEvents.start(target.portId(), interest, listener));
  }

  @Override
  public void close() {
    listening.forEach(KernelEvents::close);
    target.close();
  }
}
