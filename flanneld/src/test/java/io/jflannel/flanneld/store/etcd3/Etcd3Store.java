// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import com.google.protobuf.ByteString;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.jflannel.etcd.CompactionRequest;
import io.jflannel.etcd.DeleteRangeRequest;
import io.jflannel.etcd.KVGrpc;
import io.jflannel.etcd.KeyValue;
import io.jflannel.etcd.LeaseGrantRequest;
import io.jflannel.etcd.LeaseGrpc;
import io.jflannel.etcd.LeaseRevokeRequest;
import io.jflannel.etcd.LeaseTimeToLiveRequest;
import io.jflannel.etcd.PutRequest;
import io.jflannel.etcd.RangeRequest;
import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreUnderTest;
import io.jflannel.flanneld.store.etcd.EtcdFlags;
import io.jflannel.flanneld.store.etcd.EtcdServer;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.time.Duration;

/** A tree of its own in a real etcd, and a plain client beside ours to ill-treat it. */
public final class Etcd3Store implements StoreUnderTest {

  private final EtcdServer server;
  private final String prefix;
  private final ManagedChannel channel;

  public Etcd3Store(EtcdServer server, String prefix) {
    this.server = server;
    this.prefix = prefix;
    this.channel =
        NettyChannelBuilder.forAddress(
                "127.0.0.1", server.port(), InsecureChannelCredentials.create())
            .maxInboundMessageSize(64 << 20)
            .build();
  }

  @Override
  public Registry open() {
    return new Etcd3Registry(
        EtcdAccess.of(EtcdFlags.at(server.url()).prefix(prefix).api(EtcdApi.V3)));
  }

  KVGrpc.KVBlockingStub kv() {
    channel.resetConnectBackoff();
    return KVGrpc.newBlockingStub(channel).withWaitForReady();
  }

  LeaseGrpc.LeaseBlockingStub leases() {
    return LeaseGrpc.newBlockingStub(channel).withWaitForReady();
  }

  ByteString key(String name) {
    return ByteString.copyFromUtf8(prefix + "/subnets/" + name);
  }

  KeyValue read(String name) {
    return kv().range(RangeRequest.newBuilder().setKey(key(name)).build()).getKvs(0);
  }

  /** Seconds left; -1 if the lease is gone. */
  long timeLeft(long lease) {
    return leases()
        .leaseTimeToLive(LeaseTimeToLiveRequest.newBuilder().setID(lease).build())
        .getTTL();
  }

  long grant(Duration ttl) {
    return leases()
        .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(ttl.toSeconds()).build())
        .getID();
  }

  void put(ByteString key, byte[] value, long lease) {
    kv().put(
            PutRequest.newBuilder()
                .setKey(key)
                .setValue(ByteString.copyFrom(value))
                .setLease(lease)
                .build());
  }

  @Override
  public void put(String name, byte[] value) {
    put(key(name), value, 0);
  }

  @Override
  public void put(String name, byte[] value, Duration ttl) {
    put(key(name), value, grant(ttl));
  }

  @Override
  public void delete(String name) {
    kv().deleteRange(DeleteRangeRequest.newBuilder().setKey(key(name)).build());
  }

  @Override
  public void expire(String name) {
    leases().leaseRevoke(LeaseRevokeRequest.newBuilder().setID(read(name).getLease()).build());
  }

  @Override
  public void config(String text) {
    put(
        ByteString.copyFromUtf8(prefix + "/config"),
        text.getBytes(java.nio.charset.StandardCharsets.UTF_8),
        0);
  }

  @Override
  public void deleteConfig() {
    kv().deleteRange(
            DeleteRangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(prefix + "/config"))
                .build());
  }

  long revision() {
    return kv().range(RangeRequest.newBuilder().setKey(key("x")).build()).getHeader().getRevision();
  }

  void compact(long revision) {
    kv().compact(CompactionRequest.newBuilder().setRevision(revision).setPhysical(true).build());
  }

  @Override
  public void forget() {
    compact(revision());
  }

  @Override
  public void stop() {
    server.stop();
  }

  @Override
  public void start() {
    server.start();
  }

  @Override
  public void replace() {
    server.wipe();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
