// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.jflannel.etcd.AuthGrpc;
import io.jflannel.etcd.AuthenticateRequest;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.Credentials;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Calls with an answer: bounded in time, with the token of the configured user, which is asked for
 * again when etcd has forgotten it (ETC-7), and on another endpoint where repeating is harmless.
 */
final class Calls implements AutoCloseable {

  /** For a whole call, connecting and repeating included. */
  static final Duration LIMIT = Duration.ofSeconds(5);

  /** A connection that gave no answer for so long is given up. */
  private static final Duration SILENCE = Duration.ofSeconds(4);

  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

  private final EtcdAccess access;
  private final Connector connector;
  private final AtomicReference<Optional<String>> token = new AtomicReference<>(Optional.empty());

  /** Whether a call may be sent twice. */
  private enum Repeat {
    HARMLESS,
    NEVER
  }

  Calls(EtcdAccess access) {
    this.access = access;
    this.connector = new Connector(access);
  }

  /** A call that changes nothing. */
  <Q, R> R read(MethodDescriptor<Q, R> method, Q request) throws InterruptedException {
    return call(method, request, Repeat.HARMLESS);
  }

  /** A call that is sent at most once, unless etcd surely did not process it. */
  <Q, R> R write(MethodDescriptor<Q, R> method, Q request) throws InterruptedException {
    return call(method, request, Repeat.NEVER);
  }

  private <Q, R> R call(MethodDescriptor<Q, R> method, Q request, Repeat repeat)
      throws InterruptedException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    int tries = repeat == Repeat.HARMLESS ? access.endpoints().list().size() + 1 : 1;
    boolean renewed = false;
    while (true) {
      Connection connection = connector.connection(deadline);
      Optional<String> used = token(connection, deadline);
      long sent = System.nanoTime();
      try {
        Channel channel = with(connection.channel(), header(used));
        return ClientCalls.blockingUnaryCall(channel, method, options(deadline), request);
      } catch (StatusRuntimeException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (!renewed && forget(used, e.getStatus())) {
          renewed = true;
        } else if (!lost(connection, e.getStatus(), sent) || --tries == 0) {
          throw failure(connection, e);
        }
      }
    }
  }

  private static CallOptions options(long deadline) {
    return CallOptions.DEFAULT.withDeadlineAfter(
        Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
  }

  /**
   * Takes leave of a connection that died or is silent; true if another may be better now. One that
   * was made within this call and is merely slow is kept for the next.
   */
  private boolean lost(Connection connection, Status status, long sent) {
    return switch (status.getCode()) {
      case UNAVAILABLE -> {
        connector.failed(connection);
        yield true;
      }
      case DEADLINE_EXCEEDED -> {
        if (System.nanoTime() - sent > SILENCE.toNanos()) {
          connector.failed(connection);
        }
        yield false; // no time left
      }
      default -> false;
    };
  }

  /** A connection for a stream. */
  Connection connection() throws InterruptedException {
    return connector.connection(System.nanoTime() + LIMIT.toNanos());
  }

  void failed(Connection connection) {
    connector.failed(connection);
  }

  /** What a stream's first message must carry. */
  Metadata headers(Connection connection) throws InterruptedException {
    return header(token(connection, System.nanoTime() + LIMIT.toNanos()));
  }

  /** The next call asks for a new token. */
  void forgetToken() {
    token.set(Optional.empty());
  }

  private static Metadata header(Optional<String> token) {
    Metadata metadata = new Metadata();
    token.ifPresent(text -> metadata.put(TOKEN, text));
    return metadata;
  }

  private static Channel with(Channel channel, Metadata header) {
    return header.keys().isEmpty()
        ? channel
        : ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(header));
  }

  private Optional<String> token(Connection connection, long deadline) throws InterruptedException {
    Optional<String> known = token.get();
    if (known.isPresent() || access.credentials().isEmpty()) {
      return known;
    }
    Optional<String> fresh = authenticate(connection, access.credentials().get(), deadline);
    token.set(fresh);
    return fresh;
  }

  private Optional<String> authenticate(
      Connection connection, Credentials credentials, long deadline) throws InterruptedException {
    AuthenticateRequest request =
        AuthenticateRequest.newBuilder()
            .setName(credentials.user())
            .setPassword(credentials.password())
            .build();
    long sent = System.nanoTime();
    try {
      return Optional.of(
          ClientCalls.blockingUnaryCall(
                  connection.channel(),
                  AuthGrpc.getAuthenticateMethod(),
                  options(deadline),
                  request)
              .getToken());
    } catch (StatusRuntimeException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      if (says(e.getStatus(), "authentication is not enabled")) {
        return Optional.empty();
      }
      lost(connection, e.getStatus(), sent);
      StoreException failure = failure(connection, e);
      throw says(e.getStatus(), "authentication failed")
          ? StoreException.badCredentials(String.valueOf(failure.getMessage()), e)
          : failure;
    }
  }

  /** Forgets a token that etcd does not know any more; true if a new one may help. */
  private boolean forget(Optional<String> used, Status status) {
    boolean refused =
        status.getCode() == Status.Code.UNAUTHENTICATED
            || says(status, "invalid auth token")
            || says(status, "revision of auth store is old")
            || says(status, "user name is empty");
    if (refused && access.credentials().isPresent()) {
      token.compareAndSet(used, Optional.empty());
      return true;
    }
    return false;
  }

  private static boolean says(Status status, String text) {
    return status.getDescription() != null && status.getDescription().contains(text);
  }

  /** The error to show for a call that failed. */
  private StoreException failure(Connection connection, StatusRuntimeException e) {
    return new StoreException(
        "etcd at %s: %s".formatted(connection.endpoint(), explain(e.getStatus(), e)), e);
  }

  /** What an operator should read for a status. */
  String explain(Status status, Throwable failure) {
    String said = String.valueOf(status.getDescription());
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED -> "no answer within %d s".formatted(LIMIT.toSeconds());
      case UNAVAILABLE -> said.startsWith("etcdserver:") ? said : access.explain(failure);
      case PERMISSION_DENIED ->
          "%s: %s may not do this: grant a role on the keys below %s"
              .formatted(said, user(), access.prefix());
      case RESOURCE_EXHAUSTED ->
          said.contains("space exceeded")
              ? said + ": raise its quota, or compact and defragment it"
              : said;
      default -> {
        if (said.contains("user name is empty")) {
          yield said + ": etcd wants --etcd-username and --etcd-password";
        }
        if (said.contains("authentication failed")) {
          yield "%s (%s): check --etcd-username and --etcd-password".formatted(said, user());
        }
        yield status.getCode() + ": " + said;
      }
    };
  }

  private String user() {
    return access.credentials().map(known -> "user " + known.user()).orElse("nobody");
  }

  void reconnect() {
    connector.leave();
  }

  @Override
  public void close() {
    connector.close();
  }
}
