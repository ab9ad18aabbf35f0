// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.jflannel.etcd.Compare;
import io.jflannel.etcd.DeleteRangeRequest;
import io.jflannel.etcd.KVGrpc;
import io.jflannel.etcd.KeyValue;
import io.jflannel.etcd.LeaseGrantRequest;
import io.jflannel.etcd.LeaseGrantResponse;
import io.jflannel.etcd.LeaseGrpc;
import io.jflannel.etcd.LeaseRevokeRequest;
import io.jflannel.etcd.LeaseTimeToLiveRequest;
import io.jflannel.etcd.PutRequest;
import io.jflannel.etcd.RangeRequest;
import io.jflannel.etcd.RangeResponse;
import io.jflannel.etcd.RequestOp;
import io.jflannel.etcd.TxnRequest;
import io.jflannel.etcd.TxnResponse;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Leases in etcd v3 (spec section 6): each key is attached to an etcd lease of its own; a key
 * without one is a reservation. All writes are transactions on the revision that was read (P8).
 */
public final class Etcd3Registry implements Registry {

  private static final int PAGE = 1_000;

  /** A list that is overtaken by compaction so often is given up. */
  private static final int LIST_TRIES = 5;

  private final EtcdAccess access;
  private final KeyNames keys;
  private final Calls calls;

  /** The cluster last seen by {@link #list}; a watch on another one ends. */
  private volatile OptionalLong cluster = OptionalLong.empty();

  /** Opens no connection yet. */
  public Etcd3Registry(EtcdAccess access) {
    this.access = access;
    this.keys = KeyNames.v3(access.prefix());
    this.calls = new Calls(access);
  }

  @Override
  public String description() {
    return "etcd v3 at %s, keys below %s".formatted(access.endpoints().text(), access.prefix());
  }

  @Override
  public String configKey() {
    return keys.config();
  }

  @Override
  public String leaseKey(String name) {
    return keys.lease(name);
  }

  @Override
  public String configHint() {
    return "ETCDCTL_API=3 etcdctl --endpoints=%s put %s '{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}'"
        .formatted(access.endpoints().text(), keys.config());
  }

  @Override
  public Optional<String> config() throws InterruptedException {
    RangeResponse answer =
        calls.read(
            KVGrpc.getRangeMethod(),
            RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(keys.config())).build());
    if (answer.getKvsCount() == 0) {
      return Optional.empty();
    }
    Entry entry = Entries.entry(keys.config(), answer.getKvs(0));
    if (entry.problem().isPresent()) {
      throw new StoreException("etcd key %s: %s".formatted(keys.config(), entry.problem().get()));
    }
    return Optional.of(entry.value());
  }

  @Override
  public Listing list() throws InterruptedException {
    for (int tries = 1; ; tries++) {
      try {
        Listing listing = Pages.list(calls, keys, PAGE);
        cluster = OptionalLong.of(Long.parseUnsignedLong(listing.storeId(), 16));
        return listing;
      } catch (StoreException e) {
        if (tries == LIST_TRIES || !compacted(e)) {
          throw e;
        }
      }
    }
  }

  private static boolean compacted(StoreException e) {
    return e.getCause() instanceof StatusRuntimeException status
        && status.getStatus().getCode() == Status.Code.OUT_OF_RANGE;
  }

  @Override
  public Written create(String name, String value, Expiry expiry) throws InterruptedException {
    ByteString key = ByteString.copyFromUtf8(keys.lease(name));
    Compare absent =
        Compare.newBuilder()
            .setKey(key)
            .setTarget(Compare.CompareTarget.VERSION)
            .setResult(Compare.CompareResult.EQUAL)
            .setVersion(0)
            .build();
    return put(absent, name, value, expiry, 0);
  }

  @Override
  public Written update(Entry current, String value, Expiry expiry) throws InterruptedException {
    Written written =
        put(unchanged(current), current.name(), value, expiry, current.createRevision());
    if (written instanceof Written.Done) {
      dropIfUnused(current.leaseId()); // ODD-39
    }
    return written;
  }

  @Override
  public void delete(Entry current) throws InterruptedException {
    ByteString key = ByteString.copyFromUtf8(keys.lease(current.name()));
    TxnResponse answer =
        calls.write(
            KVGrpc.getTxnMethod(),
            TxnRequest.newBuilder()
                .addCompare(unchanged(current))
                .addSuccess(
                    RequestOp.newBuilder()
                        .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(key)))
                .build());
    if (answer.getSucceeded()) {
      dropIfUnused(current.leaseId());
    }
  }

  private Compare unchanged(Entry current) {
    return Compare.newBuilder()
        .setKey(ByteString.copyFromUtf8(keys.lease(current.name())))
        .setTarget(Compare.CompareTarget.MOD)
        .setResult(Compare.CompareResult.EQUAL)
        .setModRevision(current.modRevision())
        .build();
  }

  /**
   * Writes under a new etcd lease, which is given back if nothing was written (6.4). Not so if the
   * answer stayed out: the key may hang on it, and would be deleted with it.
   */
  private Written put(
      Compare condition, String name, String value, Expiry expiry, long createRevision)
      throws InterruptedException {
    LeaseGrantResponse lease =
        switch (expiry) {
          case LEASED ->
              calls.write(
                  LeaseGrpc.getLeaseGrantMethod(),
                  LeaseGrantRequest.newBuilder().setTTL(LEASE_TIME.toSeconds()).build());
          case NEVER -> LeaseGrantResponse.getDefaultInstance();
        };
    PutRequest put =
        PutRequest.newBuilder()
            .setKey(condition.getKey())
            .setValue(ByteString.copyFromUtf8(value))
            .setLease(lease.getID())
            .build();
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(condition)
            .addSuccess(RequestOp.newBuilder().setRequestPut(put))
            .build();
    TxnResponse answer = transact(request, lease.getID());
    if (!answer.getSucceeded()) {
      revoke(lease.getID());
      return new Written.Conflict();
    }
    long revision = answer.getHeader().getRevision();
    return written(name, put, createRevision == 0 ? revision : createRevision, revision, lease);
  }

  private TxnResponse transact(TxnRequest request, long lease) throws InterruptedException {
    try {
      return calls.write(KVGrpc.getTxnMethod(), request);
    } catch (StoreException e) {
      if (isRefusal(e)) {
        revoke(lease);
      }
      throw e;
    }
  }

  /** Whether etcd has answered, so that surely nothing was written. */
  private static boolean isRefusal(StoreException e) {
    return e.getCause() instanceof StatusRuntimeException answer
        && switch (answer.getStatus().getCode()) {
          case PERMISSION_DENIED,
              UNAUTHENTICATED,
              INVALID_ARGUMENT,
              FAILED_PRECONDITION,
              NOT_FOUND ->
              true;
          default -> false;
        };
  }

  private static Written written(
      String name, PutRequest put, long created, long revision, LeaseGrantResponse lease) {
    KeyValue kv =
        KeyValue.newBuilder()
            .setValue(put.getValue())
            .setCreateRevision(created)
            .setModRevision(revision)
            .setLease(put.getLease())
            .build();
    return new Written.Done(
        Entries.entry(name, kv),
        put.getLease() == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(lease.getTTL())));
  }

  /** Beside the caller, whose work is done: what stays behind expires within a day. */
  private void revoke(long lease) {
    if (lease != 0) {
      Thread.ofVirtual().name("etcd-revoke").start(() -> tryRevoke(lease));
    }
  }

  private void tryRevoke(long lease) {
    try {
      calls.write(
          LeaseGrpc.getLeaseRevokeMethod(), LeaseRevokeRequest.newBuilder().setID(lease).build());
    } catch (StoreException | InterruptedException e) {
      return; // it expires by itself
    }
  }

  /** Revokes a lease that no key hangs on any more; one that others use is theirs. */
  private void dropIfUnused(long lease) {
    if (lease != 0) {
      Thread.ofVirtual().name("etcd-revoke").start(() -> tryDropIfUnused(lease));
    }
  }

  private void tryDropIfUnused(long lease) {
    try {
      int users =
          calls
              .read(
                  LeaseGrpc.getLeaseTimeToLiveMethod(),
                  LeaseTimeToLiveRequest.newBuilder().setID(lease).setKeys(true).build())
              .getKeysCount();
      if (users == 0) {
        tryRevoke(lease);
      }
    } catch (StoreException | InterruptedException e) {
      return; // it expires by itself
    }
  }

  @Override
  public WatchEnd watch(long revision, Sink sink) throws InterruptedException {
    return new WatchStream(calls, keys, cluster, revision, sink).run();
  }

  @Override
  public void reconnect() {
    calls.reconnect();
  }

  @Override
  public void close() {
    calls.close();
  }
}
