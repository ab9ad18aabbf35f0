// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.TimeUnit;

/**
 * One datagram from one namespace to another, and what the receiver sees of its origin.
 *
 * @param name in words
 * @param from a namespace
 * @param source the address to bind to; empty for the kernel's choice
 * @param to a namespace
 * @param destination its address, or a group that it joins on {@code br0}
 * @param port 7777 gets a mark
 */
record Probe(String name, String from, String source, String to, String destination, int port) {

  private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(700);

  private boolean isV6() {
    return destination.contains(":");
  }

  private ProtocolFamily family() {
    return isV6() ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
  }

  /** Sends; answers the source address that arrived, or {@code lost}. */
  String send(int sourcePort) throws Exception {
    InetAddress target = InetAddress.getByName(destination);
    try (DatagramChannel receiver = in(to);
        DatagramChannel sender = in(from)) {
      receiver.bind(new InetSocketAddress(any(), port));
      if (target.isMulticastAddress()) {
        try (NetworkNamespace namespace = NetworkNamespace.named(to)) {
          namespace.run(() -> receiver.join(target, NetworkInterface.getByName("br0")));
        }
        try (NetworkNamespace namespace = NetworkNamespace.named(from)) {
          sender.setOption(
              StandardSocketOptions.IP_MULTICAST_IF,
              namespace.run(() -> NetworkInterface.getByName("eth0")));
        }
      }
      sender.bind(
          new InetSocketAddress(
              source.isEmpty() ? any() : InetAddress.getByName(source), sourcePort));
      String text = name + " " + sourcePort;
      sender.send(ByteBuffer.wrap(text.getBytes(UTF_8)), new InetSocketAddress(target, port));
      return received(receiver, text);
    }
  }

  private InetAddress any() throws IOException {
    return InetAddress.getByName(isV6() ? "::" : "0.0.0.0");
  }

  private DatagramChannel in(String name) throws InterruptedException {
    try (NetworkNamespace namespace = NetworkNamespace.named(name)) {
      return namespace.run(() -> {
        DatagramChannel channel = DatagramChannel.open(family());
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        return channel;
      });
    }
  }

  private static String received(DatagramChannel receiver, String text) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(200);
    long end = System.nanoTime() + PATIENCE;
    while (System.nanoTime() < end) {
      buffer.clear();
      if (receiver.receive(buffer) instanceof InetSocketAddress origin) {
        if (new String(buffer.array(), 0, buffer.position(), UTF_8).equals(text)) {
          return origin.getAddress().getHostAddress().replaceAll("%.*", "");
        }
      } else {
        Thread.sleep(2);
      }
    }
    return "lost";
  }
}
