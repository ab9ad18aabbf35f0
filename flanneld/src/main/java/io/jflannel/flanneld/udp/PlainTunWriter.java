// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.TunDevice;

/** One packet per system call, to a TUN without headers of its own. */
final class PlainTunWriter implements TunWriter {

  private final TunDevice device;
  private final NativeMemory memory;
  private final Tally tally;
  private boolean there = true;

  PlainTunWriter(TunDevice device, NativeMemory memory, Tally tally) {
    this.device = device;
    this.memory = memory;
    this.tally = tally;
  }

  @Override
  public void write(int at, int length) {
    int written;
    do {
      written = device.write(memory, at, length);
    } while (Errno.EINTR.is(-written));
    if (written >= 0) {
      tally.packet(length);
    } else {
      tally.drop(Verdict.WRITE_REFUSED);
      there &= !TunWriter.gone(written);
    }
  }

  @Override
  public boolean flush() {
    return there;
  }
}
