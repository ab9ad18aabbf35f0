// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netlink;

import io.jflannel.linux.DumpInterruptedException;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.RepliesLostException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collector;
import java.util.stream.Collectors;

/**
 * Requests and replies over one socket: batches whose last message alone asks for an
 * acknowledgement, queries, and dumps. Belongs to one thread.
 *
 * <p>The kernel executes a batch in order and goes on after a message that failed; failures arrive
 * without being asked for and carry the sequence number. The default receive buffer holds 256
 * replies, so a batch has at most 240 messages.
 */
public final class Conversation implements AutoCloseable {

  static final int BATCH = 240;

  /** Replies with content are larger than acknowledgements. */
  static final int QUERIES = 64;

  private static final int ATTEMPTS = 10;
  private static final int SEND_BUFFER = 64 << 10;
  private static final int RECEIVE_BUFFER = 64 << 10;

  /** More than the longest request. */
  private static final int LONGEST = 1024;

  private final NetlinkSocket socket;
  private final MessageWriter out = new MessageWriter(SEND_BUFFER);
  private final MessageReader in = new MessageReader(RECEIVE_BUFFER);
  private int sequence;

  public Conversation(NetlinkSocket socket) {
    this.socket = socket;
  }

  /** Writes one request as one message. */
  @FunctionalInterface
  public interface Encoder<R> {
    void encode(R request, MessageWriter out, int sequence);
  }

  /** Reads one message into at most one object. */
  @FunctionalInterface
  public interface Decoder<T> {
    void decode(MessageReader in, Consumer<T> sink);
  }

  /** Is told of each request that failed. */
  @FunctionalInterface
  public interface Failures {
    void failed(int index, int errno, String message);
  }

  public int portId() {
    return socket.portId();
  }

  /**
   * Executes changes in order.
   *
   * @throws RepliesLostException if it is not known which of them were executed
   */
  public <R> void execute(List<? extends R> requests, Encoder<R> encoder, Failures failures) {
    Iterator<? extends R> next = requests.iterator();
    int done = 0;
    while (next.hasNext()) {
      int first = sequence;
      out.reset();
      while (next.hasNext() && sequence - first < BATCH && out.room() >= LONGEST) {
        encoder.encode(next.next(), out, sequence++);
      }
      out.addFlags(Netlink.ACK);
      int count = sequence - first;
      int before = done;
      guarded(() -> {
        socket.send(out);
        readAcknowledgement(first, count, before, failures);
      });
      done += count;
    }
  }

  private void readAcknowledgement(int first, int count, int before, Failures failures) {
    while (true) {
      socket.receive(in);
      while (in.next()) {
        int index = in.sequence() - first;
        if (!in.isError() || index < 0 || index >= count) {
          continue; // of a conversation that was given up
        }
        int errno = in.errno();
        if (errno != 0) {
          failures.failed(before + index, errno, in.extendedMessage());
        }
        if (index == count - 1) {
          return;
        }
      }
    }
  }

  /** The messages around a transaction, without which the kernel would execute one by one. */
  public interface Envelope {
    void begin(MessageWriter out, int sequence);

    void end(MessageWriter out, int sequence);
  }

  /**
   * Executes changes, all or none: none as soon as one failure is told, of which there may be
   * several. The index -1 stands for the whole.
   *
   * @throws IllegalArgumentException if they do not fit into 64 KiB
   * @throws RepliesLostException if it is not known whether they were executed
   */
  public <R> void transact(
      Envelope envelope, List<? extends R> requests, Encoder<R> encoder, Failures failures) {
    int first = sequence;
    int count = requests.size();
    out.reset();
    envelope.begin(out, sequence++);
    for (R request : requests) {
      if (out.room() < 2 * LONGEST) {
        throw new IllegalArgumentException(count + " changes are too many for one transaction");
      }
      encoder.encode(request, out, sequence++);
    }
    out.addFlags(Netlink.ACK);
    envelope.end(out, sequence++);
    guarded(() -> {
      socket.send(out);
      readOutcome(first + 1, count, failures);
    });
  }

  /** What refuses the whole is told about the first message; other replies need not follow. */
  private void readOutcome(int first, int count, Failures failures) {
    while (true) {
      socket.receive(in);
      while (in.next()) {
        int index = in.sequence() - first;
        if (!in.isError() || index < -1 || index >= count) {
          continue;
        }
        int errno = in.errno();
        if (errno != 0) {
          failures.failed(index, errno, in.extendedMessage());
        }
        if (index == count - 1 || index == -1 && errno != 0) {
          return;
        }
      }
    }
  }

  /**
   * Asks questions that have one reply each.
   *
   * @return for each request its answer, or the error
   * @throws RepliesLostException if not all answers arrived
   */
  public <R, T> List<Answer<T>> query(
      List<? extends R> requests, Encoder<R> encoder, Decoder<T> decoder) {
    List<Answer<T>> answers = new ArrayList<>(requests.size());
    Iterator<? extends R> next = requests.iterator();
    while (next.hasNext()) {
      int first = sequence;
      out.reset();
      while (next.hasNext() && sequence - first < QUERIES && out.room() >= LONGEST) {
        encoder.encode(next.next(), out, sequence++);
      }
      guarded(() -> {
        socket.send(out);
        readAnswers(first, sequence - first, decoder, answers);
      });
    }
    return answers;
  }

  /** The kernel answers in the order of the requests. */
  private <T> void readAnswers(int first, int count, Decoder<T> decoder, List<Answer<T>> answers) {
    for (int answered = 0; answered < count; ) {
      socket.receive(in);
      while (in.next() && answered < count) {
        if (in.sequence() != first + answered) {
          continue;
        }
        if (in.isError()) {
          answers.add(new Answer<>(Optional.empty(), in.errno(), in.extendedMessage()));
        } else {
          List<T> value = new ArrayList<>(1);
          decoder.decode(in, value::add);
          answers.add(new Answer<>(value.stream().findFirst(), 0, ""));
        }
        answered++;
      }
    }
  }

  /**
   * The answer to a question.
   *
   * @param value empty if it failed or is of a kind that the decoder drops
   * @param errno 0 or what it failed with
   * @param message the kernel's words, or empty
   */
  public record Answer<T>(Optional<T> value, int errno, String message) {}

  /**
   * Lists a table. Starts again, up to ten times, when the kernel says that the table has changed
   * meanwhile or that it is busy.
   *
   * @throws DumpInterruptedException if it changed each time
   * @throws RepliesLostException if a part was lost
   * @throws LinuxException if the kernel refuses
   */
  public <R, T> List<T> dump(String operation, R request, Encoder<R> encoder, Decoder<T> decoder) {
    return dump(operation, request, encoder, decoder, Collectors.toCollection(ArrayList::new));
  }

  /**
   * Lists a table, as above, without holding it: each attempt fills a new container of the
   * collector, and that of the complete one is the result.
   */
  public <R, T, A, C> C dump(
      String operation,
      R request,
      Encoder<R> encoder,
      Decoder<T> decoder,
      Collector<? super T, A, C> collector) {
    BiConsumer<A, ? super T> accumulator = collector.accumulator();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      A found = collector.supplier().get();
      boolean[] complete = new boolean[1];
      guarded(() ->
          complete[0] =
              dumpOnce(
                  operation, request, encoder, decoder, each -> accumulator.accept(found, each)));
      if (complete[0]) {
        return collector.finisher().apply(found);
      }
    }
    throw new DumpInterruptedException(operation, ATTEMPTS);
  }

  private <R, T> boolean dumpOnce(
      String operation, R request, Encoder<R> encoder, Decoder<T> decoder, Consumer<T> found) {
    int own = sequence++;
    out.reset();
    encoder.encode(request, out, own);
    out.addFlags(Netlink.DUMP);
    socket.send(out);
    boolean interrupted = false;
    while (true) {
      socket.receive(in);
      while (in.next()) {
        if (in.sequence() != own || in.type() == Netlink.MSG_NOOP) {
          continue;
        }
        interrupted |= (in.flags() & Netlink.DUMP_INTR) != 0;
        if (in.isError() || in.isDone()) {
          return ended(operation) && !interrupted;
        }
        decoder.decode(in, found);
      }
    }
  }

  /** Whether the dump came to its end; false asks to try again. */
  private boolean ended(String operation) {
    int errno = in.errno();
    if (Errno.EBUSY.is(errno) || Errno.EINTR.is(errno) || Errno.EAGAIN.is(errno)) {
      return false;
    }
    if (errno != 0) {
      throw new LinuxException(operation, errno, in.extendedMessage());
    }
    return true;
  }

  /** Leaves the socket clean whatever happens: the next request must not read these replies. */
  private void guarded(Runnable exchange) {
    try {
      exchange.run();
    } catch (RuntimeException e) {
      socket.drain(in);
      throw e;
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
