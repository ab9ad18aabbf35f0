// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.linux.netlink.Netlink;
import io.jflannel.linux.netlink.NetlinkSocket;
import java.time.Duration;

/** The IPsec policies (ip-xfrm(8)) of the calling thread's network namespace. */
public final class IpsecPolicies {

  /** NETLINK_XFRM. */
  private static final int XFRM = 6;

  // linux/xfrm.h
  private static final int XFRM_MSG_NEWSPDINFO = 0x24;
  private static final int XFRM_MSG_GETSPDINFO = 0x25;
  private static final int XFRMA_SPD_INFO = 1;

  /** Flags, of which there are none. */
  private static final int HEADER = 4;

  private static final int BUFFER = 4096;

  private IpsecPolicies() {}

  /**
   * Whether there are policies for packets that come in or go out, whatever packets that are. Those
   * of single sockets do not count. A kernel without IPsec has none.
   *
   * @throws LinuxException EPERM without CAP_NET_ADMIN
   */
  public static boolean any() {
    try (NetlinkSocket socket = NetlinkSocket.open(XFRM, BUFFER, Duration.ofSeconds(5))) {
      MessageWriter request = new MessageWriter(BUFFER);
      request.begin(XFRM_MSG_GETSPDINFO, Netlink.REQUEST, 1).u32(0).end();
      socket.send(request);
      MessageReader reply = new MessageReader(BUFFER);
      socket.receive(reply);
      return reply.next() && any(reply);
    } catch (LinuxException e) {
      if (e.is(Errno.EPROTONOSUPPORT)) {
        return false;
      }
      throw e;
    }
  }

  private static boolean any(MessageReader reply) {
    if (reply.type() != XFRM_MSG_NEWSPDINFO) {
      reply.requireHeader(4);
      throw new LinuxException("count IPsec policies", -reply.u32(0), "");
    }
    Attributes attributes = reply.attributes(HEADER);
    while (attributes.next()) {
      if (attributes.type() == XFRMA_SPD_INFO) {
        byte[] counts = attributes.bytes(); // struct xfrmu_spdinfo: in, out, ..., 32 bits each
        for (int i = 0; i < 8 && i < counts.length; i++) {
          if (counts[i] != 0) {
            return true;
          }
        }
      }
    }
    return false;
  }
}
