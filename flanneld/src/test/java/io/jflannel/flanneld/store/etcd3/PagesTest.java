// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.jflannel.etcd.KVGrpc;
import io.jflannel.etcd.KeyValue;
import io.jflannel.etcd.RangeRequest;
import io.jflannel.etcd.RangeResponse;
import io.jflannel.etcd.ResponseHeader;
import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.EtcdFlags;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Page sizes, against a server that says what etcd, or a proxy before it, says when it is asked.
 */
class PagesTest {

  private static final KeyNames KEYS = KeyNames.v3("/net");

  /** Keys before this one are large: so few fit into a message. */
  private static final String LARGE_UP_TO = KEYS.lease("k0099");

  private static final int FIT = 100;

  private final NavigableSet<String> keys = new TreeSet<>();
  private final List<Long> limits = new CopyOnWriteArrayList<>();
  private volatile Status refusal = Status.OK;

  @SuppressWarnings("NullAway.Init")
  private Server server;

  @SuppressWarnings("NullAway.Init")
  private Calls calls;

  private final class Keys extends KVGrpc.KVImplBase {
    @Override
    public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
      limits.add(request.getLimit());
      String start = request.getKey().toStringUtf8();
      if (!refusal.isOk()) {
        answer.onError(refusal.asException());
      } else if (request.getLimit() > FIT && start.compareTo(LARGE_UP_TO) < 0) {
        answer.onError(
            Status.RESOURCE_EXHAUSTED
                .withDescription("grpc: trying to send message larger than max (5 vs. 4)")
                .asException());
      } else {
        answer.onNext(page(start, request.getLimit()));
        answer.onCompleted();
      }
    }

    private RangeResponse page(String start, long limit) {
      List<String> rest = List.copyOf(keys.tailSet(start));
      RangeResponse.Builder page =
          RangeResponse.newBuilder()
              .setHeader(ResponseHeader.newBuilder().setClusterId(1).setRevision(7))
              .setMore(rest.size() > limit);
      rest.stream()
          .limit(limit)
          .map(key ->
              KeyValue.newBuilder()
                  .setKey(ByteString.copyFromUtf8(key))
                  .setValue(ByteString.copyFromUtf8("{}")))
          .forEach(page::addKvs);
      return page.build();
    }
  }

  @BeforeEach
  void serve() throws Exception {
    IntStream.range(0, 4_000).forEach(i -> keys.add(KEYS.lease("k%04d".formatted(i))));
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                InsecureServerCredentials.create())
            .addService(new Keys())
            .build()
            .start();
    String url = "http://127.0.0.1:" + server.getPort();
    calls = new Calls(EtcdAccess.of(EtcdFlags.at(url).prefix("/net").api(EtcdApi.V3)));
  }

  @AfterEach
  void stop() {
    calls.close();
    server.shutdownNow();
  }

  @Test
  void pagesGrowAgainBehindTheLargeKeys() throws Exception {
    List<Entry> entries = Pages.list(calls, KEYS, 1_000).entries();

    assertThat(entries).extracting(Entry::name).hasSize(4_000).doesNotHaveDuplicates();
    assertThat(limits).containsExactly(1_000L, 100L, 200L, 400L, 800L, 1_000L, 1_000L, 1_000L);
  }

  @Test
  void aRefusalOfEtcdsOwnIsNotRepeatedWithFewerKeys() {
    refusal = Status.RESOURCE_EXHAUSTED.withDescription("etcdserver: too many requests");

    assertThatThrownBy(() -> Pages.list(calls, KEYS, 1_000))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("too many requests");
    assertThat(limits).containsExactly(1_000L);
  }

  @Test
  void ourOwnLimitOfAMessageIsKnown() throws Exception {
    refusal =
        Status.RESOURCE_EXHAUSTED.withDescription(
            "gRPC message exceeds maximum size 16777216: 20000000");

    assertThatThrownBy(() -> Pages.list(calls, KEYS, 1_000)).isInstanceOf(StoreException.class);
    assertThat(limits).containsExactly(1_000L, 100L, 10L, 1L);
  }
}
