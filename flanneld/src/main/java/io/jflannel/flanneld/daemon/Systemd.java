// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.UnixDatagram;
import java.lang.System.Logger.Level;
import java.time.Duration;

/**
 * What systemd is told over {@code NOTIFY_SOCKET} (sd_notify(3), LIF-10). A socket that does not
 * take it is logged once and otherwise ignored.
 */
final class Systemd {

  private static final System.Logger LOG = System.getLogger("systemd");

  /** How much longer start-up may take, told at every sign of life while waiting. */
  private static final Duration EXTENSION = Duration.ofSeconds(60);

  private final String socket;
  private boolean statusSent;
  private boolean complained;

  /**
   * Names a receiver.
   *
   * @param socket path, or {@code @name} in the abstract name space; empty: nobody listens
   */
  Systemd(String socket) {
    this.socket = socket;
  }

  /** Start-up goes on; {@code reason} is what it waits for. */
  void waiting(String reason) {
    statusSent = true;
    send(
        "STATUS=%s\nEXTEND_TIMEOUT_USEC=%d"
            .formatted(reason.replace('\n', ' '), EXTENSION.toNanos() / 1000));
  }

  /** The node works. Upstream's datagram to the letter, unless a STATUS has to be replaced. */
  void ready() {
    send(statusSent ? "READY=1\nSTATUS=ready" : "READY=1");
  }

  private void send(String text) {
    if (socket.isEmpty()) {
      return;
    }
    try {
      UnixDatagram.send(socket, text.getBytes(UTF_8));
    } catch (LinuxException e) {
      if (!complained) {
        LOG.log(Level.WARNING, "cannot notify systemd: {0}", e.getMessage());
      }
      complained = true;
    }
  }
}
