// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.jflannel.etcd.KVGrpc;
import io.jflannel.etcd.KeyValue;
import io.jflannel.etcd.RangeRequest;
import io.jflannel.etcd.RangeResponse;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Reads a directory in pages, all at the revision of the first. */
final class Pages {

  private static final Pattern TOO_LARGE =
      Pattern.compile("message exceeds maximum size|message larger than max");

  private Pages() {}

  /**
   * Lists the direct children of {@code subnets/}. A page too large for a message is asked for
   * again with a tenth of the keys; the pages behind it grow again.
   */
  static Listing list(Calls calls, KeyNames keys, int pageSize) throws InterruptedException {
    ByteString end = rangeEnd(keys);
    RangeRequest request =
        RangeRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(keys.subnets()))
            .setRangeEnd(end)
            .setLimit(pageSize)
            .build();
    List<Entry> entries = new ArrayList<>();
    String storeId = "";
    long revision = 0;
    while (true) {
      RangeResponse page;
      try {
        page = calls.read(KVGrpc.getRangeMethod(), request);
      } catch (StoreException e) {
        if (!tooLarge(e) || request.getLimit() == 1) {
          throw e;
        }
        request = request.toBuilder().setLimit(Math.max(1, request.getLimit() / 10)).build();
        continue;
      }
      if (revision == 0) {
        storeId = Long.toHexString(page.getHeader().getClusterId());
        revision = page.getHeader().getRevision();
      }
      for (KeyValue kv : page.getKvsList()) {
        Entries.name(keys, kv.getKey())
            .ifPresent(name -> entries.add(Entries.entry(name, kv).bounded()));
      }
      if (!page.getMore() || page.getKvsCount() == 0) {
        return new Listing(storeId, revision, entries);
      }
      request =
          request.toBuilder()
              .setKey(after(page))
              .setRevision(revision)
              .setLimit(Math.min(pageSize, 2 * request.getLimit()))
              .build();
    }
  }

  /** The smallest key behind all that start with {@code subnets/}. */
  static ByteString rangeEnd(KeyNames keys) {
    String start = keys.subnets();
    return ByteString.copyFromUtf8(start.substring(0, start.length() - 1) + (char) ('/' + 1));
  }

  private static ByteString after(RangeResponse page) {
    ByteString last = page.getKvs(page.getKvsCount() - 1).getKey();
    return last.concat(ByteString.copyFrom(new byte[1]));
  }

  /**
   * gRPC's limit of a message, ours or that of a proxy in between; etcd's own RESOURCE_EXHAUSTED
   * ("too many requests", "database space exceeded") is no better with fewer keys. The texts are
   * those of grpc-java's MessageDeframer and of grpc-go's "trying to send message larger than max".
   */
  private static boolean tooLarge(StoreException e) {
    return e.getCause() instanceof StatusRuntimeException failure
        && failure.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED
        && TOO_LARGE.matcher(String.valueOf(failure.getStatus().getDescription())).find();
  }
}
