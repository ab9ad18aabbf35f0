// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.jflannel.flanneld.store.etcd.access.Endpoint;
import io.jflannel.flanneld.store.tls.Tls;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Makes gRPC channels, each to one address, all on one event loop thread. Everything gRPC would
 * look up by itself (names, proxies, service configuration) is switched off: it costs start-up
 * time, and failing over is {@link Connector}'s.
 */
final class Dialer implements AutoCloseable {

  /**
   * Bounds what a hostile store can make us hold; pages that exceed it are asked for in smaller
   * parts.
   */
  static final int LARGEST_MESSAGE = 16 * 1024 * 1024;

  /** A half-open connection is noticed after this and the time-out. */
  private static final int KEEP_ALIVE_SECONDS = 10;

  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 4;
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

  static {
    // Read once by netty's static initialisers: no arenas, and no search for a machine id.
    preset("io.netty.allocator.type", "unpooled");
    preset("io.netty.leakDetection.level", "disabled");
    preset("io.netty.machineId", "00:00:00:00:00:01");
    preset("io.netty.processId", "1");
  }

  private static void preset(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private final ChannelCredentials credentials;
  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("etcd", true), NioIoHandler.newFactory());

  Dialer(Optional<Tls> tls) {
    credentials = tls.map(Dialer::tls).orElseGet(InsecureChannelCredentials::create);
  }

  private static ChannelCredentials tls(Tls tls) {
    TlsChannelCredentials.Builder builder =
        TlsChannelCredentials.newBuilder().trustManager(tls.trustManagers());
    return tls.keyManagers().length == 0
        ? builder.build()
        : builder.keyManager(tls.keyManagers()).build();
  }

  /** A channel that has not begun to connect. */
  ManagedChannel channel(Endpoint endpoint, InetSocketAddress address) {
    return NettyChannelBuilder.forAddress(address, credentials)
        .overrideAuthority(endpoint.authority())
        .eventLoopGroup(loop)
        .channelType(NioSocketChannel.class, InetSocketAddress.class)
        .withOption(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT)
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
        .maxInboundMessageSize(LARGEST_MESSAGE)
        .directExecutor()
        .offloadExecutor(Runnable::run)
        .disableRetry()
        .disableServiceConfigLookUp()
        .proxyDetector(target -> null)
        .userAgent("jflannel")
        .build();
  }

  @Override
  public void close() {
    var _ = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }
}
