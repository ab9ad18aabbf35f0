// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Asks a node's flanneld whether it is ready, as a kubelet would, from inside the host. */
record HealthProbe(int status, String body) {

  /** The lab's {@code --healthz-port}. */
  private static final int PORT = 8471;

  private static final int PATIENCE_MILLIS = 2_000;

  /** Status 0 with the reason as body if nobody answers. */
  static HealthProbe readyz(Node node) {
    try (NetworkNamespace host = NetworkNamespace.named(node.namespace())) {
      return host.run(HealthProbe::ask);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }

  private static HealthProbe ask() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), PORT)) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket
          .getOutputStream()
          .write("GET /readyz HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int body = answer.indexOf("\r\n\r\n");
      return new HealthProbe(
          Integer.parseInt(answer.split(" ", 3)[1]), body < 0 ? "" : answer.substring(body + 4));
    } catch (IOException e) {
      return new HealthProbe(0, String.valueOf(e.getMessage()));
    }
  }

  boolean ready() {
    return status == 200;
  }

  boolean refusesBecause(String reason) {
    return status == 503 && body.contains(reason);
  }
}
