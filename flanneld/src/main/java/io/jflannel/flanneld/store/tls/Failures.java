// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.tls;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** Turns the exceptions of sockets and TLS into what an operator can act on (P11). */
public final class Failures {

  private Failures() {}

  /** What an operator should know of {@code failure}. */
  public static String explain(Throwable failure, Optional<Tls> tls) {
    String last = text(failure);
    int depth = 0;
    for (Throwable cause = failure; cause != null && depth < 20; cause = cause.getCause()) {
      Optional<String> known = known(cause, tls);
      if (known.isPresent()) {
        return known.get();
      }
      last = text(cause);
      depth++;
    }
    return last;
  }

  private static Optional<String> known(Throwable cause, Optional<Tls> tls) {
    return switch (cause) {
      case CertificateExpiredException e ->
          Optional.of("the server's certificate has expired (%s)".formatted(e.getMessage()));
      case CertificateNotYetValidException e ->
          Optional.of("the server's certificate is not valid yet (%s)".formatted(e.getMessage()));
      case CertPathBuilderException e ->
          Optional.of(
              "the server's certificate is not signed by an authority in "
                  + tls.map(t -> t.trust().source()).orElse("use"));
      case CertPathValidatorException e when text(e).contains("trust anchors") ->
          Optional.of(
              "the server's certificate is not signed by an authority in "
                  + tls.map(t -> t.trust().source()).orElse("use"));
      case CertificateException e when text(e).contains("subject alternative") ->
          Optional.of("the server's certificate is for another host: " + e.getMessage());
      case UnknownHostException e -> Optional.of("unknown host " + e.getMessage());
      case UnresolvedAddressException e -> Optional.of("unknown host");
      // java.net.http leaves the message out
      case ConnectException e when e.getCause() instanceof UnresolvedAddressException ->
          Optional.of("unknown host");
      case ConnectException e when e.getMessage() == null || text(e).contains("refused") ->
          Optional.of("connection refused");
      case SSLException e when text(e).contains("fatal alert") ->
          Optional.of(
              "TLS refused by the server (%s); client certificate: %s"
                  .formatted(e.getMessage(), tls.map(Tls::identityHint).orElse("none")));
      case SSLException e when text(e).contains("ot an SSL/TLS record") ->
          Optional.of("it does not speak TLS: should the endpoint be http:// ?");
      case SSLException e when text(e).contains("unrecognized SSL message") ->
          Optional.of("it does not speak TLS: should the endpoint be http:// ?");
      case SSLException e
          when text(e).contains("terminated the handshake") || text(e).contains("shut down") ->
          closed(tls);
      case Exception e when text(e).contains("frame was not SETTINGS") ->
          Optional.of("it speaks no gRPC: is this etcd's client URL?");
      // instead of an alert or an answer, if the server has hung up before its words were read
      case IOException e when text(e).contains("Connection reset") ->
          tls.isPresent()
              ? Optional.of(
                  "the server reset the connection; client certificate: "
                      + tls.get().identityHint())
              : closed(tls);
      case ClosedChannelException e -> closed(tls);
      case EOFException e -> closed(tls);
      case Exception e when text(e).contains("EOF reached") || text(e).contains("Network closed") ->
          closed(tls);
      default -> Optional.empty();
    };
  }

  /** The usual reason is the wrong scheme: etcd hangs up without a word. */
  private static Optional<String> closed(Optional<Tls> tls) {
    return Optional.of(
        "it closed the connection; if it always does: should the endpoint be %s:// ?"
            .formatted(tls.isPresent() ? "http" : "https"));
  }

  private static String text(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
