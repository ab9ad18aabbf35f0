// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.MalformedMessageException;
import org.junit.jupiter.api.Test;

/** Error messages and extended acknowledgements (struct nlmsgerr of linux/netlink.h). */
final class MessageReaderTest {

  private static MessageWriter error(int flags, int errno) {
    return new MessageWriter(512).begin(Netlink.MSG_ERROR, flags, 7).u32(-errno);
  }

  /** The request's header as the kernel repeats it. */
  private static MessageWriter original(MessageWriter out, int length) {
    return out.u32(length).u16(24).u16(5).u32(7).u32(0);
  }

  private static MessageReader read(MessageWriter out) {
    out.end();
    MessageReader in = MessageReader.of(out.toBytes());
    assertThat(in.next()).isTrue();
    return in;
  }

  @Test
  void anAcknowledgementIsAnErrorZero() {
    MessageReader in = read(original(error(Netlink.CAPPED, 0), 52));
    assertThat(in.isError()).isTrue();
    assertThat(in.errno()).isZero();
    assertThat(in.extendedMessage()).isEmpty();
    assertThat(in.sequence()).isEqualTo(7);
    assertThat(in.next()).isFalse();
  }

  @Test
  void aCappedErrorCarriesTheKernelsWords() {
    MessageWriter out = original(error(Netlink.CAPPED | Netlink.ACK_TLVS, 22), 52);
    MessageReader in = read(out.attribute32(2, 20).string(1, "Invalid prefix"));
    assertThat(in.errno()).isEqualTo(22);
    assertThat(in.extendedMessage()).isEqualTo("Invalid prefix");
  }

  @Test
  void anErrorMayRepeatTheWholeRequest() {
    MessageWriter out = original(error(Netlink.ACK_TLVS, 3), 24).u32(1).u32(2);
    assertThat(read(out.string(1, "none")).extendedMessage()).isEqualTo("none");
  }

  @Test
  void anErrorThatClaimsToRepeatMoreThanThereIsIsMalformed() {
    MessageReader in = read(original(error(Netlink.ACK_TLVS, 3), 5000));
    assertThatThrownBy(in::extendedMessage).isInstanceOf(MalformedMessageException.class);
  }

  @Test
  void theEndOfAListMayCarryAnError() {
    MessageWriter out =
        new MessageWriter(512).begin(Netlink.MSG_DONE, Netlink.ACK_TLVS, 7).u32(-19);
    MessageReader in = read(out.string(1, "no such device"));
    assertThat(in.isDone()).isTrue();
    assertThat(in.errno()).isEqualTo(19);
    assertThat(in.extendedMessage()).isEqualTo("no such device");
    assertThat(read(new MessageWriter(64).begin(Netlink.MSG_DONE, 0, 7)).errno()).isZero();
  }

  @Test
  void severalMessagesInOneDatagram() {
    MessageWriter out = new MessageWriter(512);
    out.begin(24, 0, 1).bareString(3, "odd").end();
    out.begin(25, 0, 2).end();
    MessageReader in = MessageReader.of(out.toBytes());
    assertThat(in.next()).isTrue();
    assertThat(in.type()).isEqualTo(24);
    Attributes attributes = in.attributes(0);
    assertThat(attributes.next()).isTrue();
    assertThat(attributes.string()).isEqualTo("odd");
    assertThat(attributes.next()).isFalse();
    assertThat(in.next()).isTrue();
    assertThat(in.sequence()).isEqualTo(2);
    assertThat(in.next()).isFalse();
  }

  @Test
  void impossibleLengthsAreMalformedAndEndTheDatagram() {
    for (int length : new int[] {0, 15, 17, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      MessageWriter out = new MessageWriter(64).u32(length).u16(24).u16(0).u32(1).u32(0);
      MessageReader in = MessageReader.of(out.toBytes());
      assertThatThrownBy(in::next).isInstanceOf(MalformedMessageException.class);
      assertThat(in.next()).isFalse();
    }
  }
}
