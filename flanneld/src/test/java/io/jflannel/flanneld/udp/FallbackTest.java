// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.Errno;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.SystemCalls;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the kernel refuses is done otherwise, and told. */
class FallbackTest {

  private static final int TUNSETIFF = 0x400454ca;
  private static final int TUNSETOFFLOAD = 0x400454d0;
  private static final int SO_SNDBUFFORCE = 32;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int UDP_SEGMENT = 103;
  private static final int UDP_GRO = 104;

  /** In struct msghdr. */
  private static final int CONTROL_LENGTH = 40;

  /** A kernel without IFF_VNET_HDR. */
  private static final SystemCalls NO_VNET =
      new SystemCalls() {
        @Override
        protected int ioctl(int descriptor, int request, byte[] argument) {
          boolean vnet = request == TUNSETIFF && (argument[17] & 0x40) != 0;
          return vnet ? -Errno.EINVAL.number() : super.ioctl(descriptor, request, argument);
        }
      };

  private static SystemCalls withoutOffloadAbove(int most) {
    return new SystemCalls() {
      @Override
      protected int ioctl(int descriptor, int request, int argument) {
        boolean refused = request == TUNSETOFFLOAD && argument > most;
        return refused ? -Errno.EINVAL.number() : super.ioctl(descriptor, request, argument);
      }
    };
  }

  private static SystemCalls withoutOptions(Errno errno, int... options) {
    return new SystemCalls() {
      @Override
      protected int setsockopt(int socket, int level, int option, NativeMemory value) {
        boolean refused = Arrays.stream(options).anyMatch(one -> one == option);
        return refused ? -errno.number() : super.setsockopt(socket, level, option, value);
      }
    };
  }

  private static final SystemCalls NO_RECVMMSG =
      new SystemCalls() {
        @Override
        protected int recvmmsg(int socket, NativeMemory memory, int at, int count, int flags) {
          return -Errno.ENOSYS.number();
        }
      };

  private static final SystemCalls NO_SENDMMSG =
      new SystemCalls() {
        @Override
        protected int sendmmsg(int socket, NativeMemory memory, int at, int count) {
          return -Errno.EPERM.number();
        }
      };

  /** Refuses messages that are several datagrams, after those before them. */
  private static SystemCalls withoutSegments(Errno errno) {
    return new SystemCalls() {
      @Override
      protected int sendmmsg(int socket, NativeMemory memory, int at, int count) {
        int plain = 0;
        while (plain < count && memory.host().getLong(at + 64 * plain + CONTROL_LENGTH) == 0) {
          plain++;
        }
        return plain == 0 && count > 0
            ? -errno.number()
            : super.sendmmsg(socket, memory, at, plain);
      }
    };
  }

  /** A TUN that takes no super-packets. */
  private static final SystemCalls NO_JOINED =
      new SystemCalls() {
        @Override
        protected int writev(int descriptor, NativeMemory memory, int vector, int count) {
          return count > 2
              ? -Errno.EINVAL.number()
              : super.writev(descriptor, memory, vector, count);
        }
      };

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of("offload", new SystemCalls()),
        Arguments.of("batch; no IFF_VNET_HDR (EINVAL): no super-packets", NO_VNET),
        Arguments.of(
            "offload; no UDP segmentation on the TUN (EINVAL): super-packets of TCP only",
            withoutOffloadAbove(0x0f)),
        Arguments.of(
            "batch; no UDP segmentation on the TUN (EINVAL): super-packets of TCP only;"
                + " no TUNSETOFFLOAD (EINVAL): no super-packets",
            withoutOffloadAbove(0)),
        Arguments.of(
            "offload; no UDP_SEGMENT (ENOPROTOOPT): each datagram is sent by itself",
            withoutOptions(Errno.ENOPROTOOPT, UDP_SEGMENT)),
        Arguments.of(
            "offload; no UDP_GRO (ENOPROTOOPT): each datagram arrives by itself",
            withoutOptions(Errno.ENOPROTOOPT, UDP_GRO)),
        Arguments.of("offload", withoutOptions(Errno.EPERM, SO_RCVBUFFORCE, SO_SNDBUFFORCE)),
        Arguments.of(
            "single; no recvmmsg and sendmmsg (ENOSYS): one datagram per call", NO_RECVMMSG),
        Arguments.of(
            "single; no recvmmsg and sendmmsg (EPERM): one datagram per call", NO_SENDMMSG),
        Arguments.of(
            "offload; no segmentation of messages (EIO): each datagram to a peer that this concerns"
                + " is sent by itself",
            withoutSegments(Errno.EIO)),
        Arguments.of("offload", withoutSegments(Errno.EINVAL)),
        Arguments.of("offload", withoutSegments(Errno.EMSGSIZE)),
        Arguments.of(
            "offload; no super-packets of TCP to the TUN (EINVAL): one by one", NO_JOINED));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void packetsPassAllTheSame(String expected, SystemCalls kernel) throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, Optional.empty(), kernel);
        Tunnel second = hosts.tunnel(2, Optional.of(Datapath.OFFLOAD), new SystemCalls())) {
      hosts.in(1, "ping -c2 -i0.01 -W2 -s 20000 10.5.2.0");
      hosts.iperf("-n 20M");
      hosts.iperf("-n 20M -R");
      assertThat(first.datapath()).hasToString(expected);
      assertThat(first.counters().drops())
          .containsEntry(Verdict.SEND_REFUSED, 0L)
          .containsEntry(Verdict.WRITE_REFUSED, 0L)
          .containsEntry(Verdict.MALFORMED, 0L);
      assertThat(second.counters().drops()).containsEntry(Verdict.MALFORMED, 0L);
    }
  }

  /** A real refusal: the path to the peer is narrower than the TUN's MTU allows for. */
  @Test
  void whatDoesNotFitThePathIsFragmentedOnIt() throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500)) {
      hosts.in(1, "ip route change 192.0.2.0/24 dev eth0 mtu 1000");
      try (Tunnel first = hosts.tunnel(1, Datapath.OFFLOAD);
          Tunnel second = hosts.tunnel(2, Datapath.OFFLOAD)) {
        hosts.in(1, "ping -c2 -i0.01 -W2 -M do -s 1444 10.5.2.0");
        hosts.iperf("-n 20M");
        assertThat(first.counters().drops()).containsEntry(Verdict.SEND_REFUSED, 0L);
        assertThat(first.datapath()).hasToString("offload");
        assertThat(second.counters().drops()).containsEntry(Verdict.TRUNCATED, 0L);
      }
    }
  }
}
