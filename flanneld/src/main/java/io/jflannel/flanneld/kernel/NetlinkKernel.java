// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Kernel;
import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.flanneld.state.Tunnels;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The kernel of the network namespace of the thread that opens it. Its listening thread starts in
 * the same namespace: Linux threads inherit it.
 */
public final class NetlinkKernel implements Kernel {

  private final NetlinkTarget target;
  private Optional<KernelEvents> listening = Optional.empty();

  private NetlinkKernel(NetlinkTarget target) {
    this.target = target;
  }

  /**
   * In the calling thread's namespace, which must be a platform thread.
   *
   * @throws io.jflannel.linux.LinuxException if there is no netlink
   */
  public static NetlinkKernel open() {
    return open(Tunnels.NONE);
  }

  /** The same, with what is behind TUN devices. */
  public static NetlinkKernel open(Tunnels tunnels) {
    return new NetlinkKernel(NetlinkTarget.open(tunnels));
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
  public void listen(Supplier<Interest> interest, Listener listener) {
    deafen();
    listening = Optional.of(KernelEvents.start(target.portId(), interest, listener));
  }

  private void deafen() {
    listening.ifPresent(KernelEvents::close);
    listening = Optional.empty();
  }

  @Override
  public void close() {
    deafen();
    target.close();
  }
}
