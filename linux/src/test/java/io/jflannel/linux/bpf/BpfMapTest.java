// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.LinuxException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Maps of the running kernel. */
@ExtendWith(WithTcx.class)
final class BpfMapTest {

  private static final Ip HOP = Ip.parse("192.0.2.1");
  private static final Ip OTHER = Ip.parse("192.0.2.2");

  @Test
  void aHashTableKeepsWhatItIsTold() {
    try (BpfMap<Integer, Ip> map = BpfMap.hash("numbers", Layout.U32, Layout.IPV4, 4)) {
      assertThat(map.lookup(1)).isEmpty();
      map.put(1, HOP);
      map.put(1, OTHER);
      assertThat(map.lookup(1)).contains(OTHER);
      assertThat(map.remove(1)).isTrue();
      assertThat(map.remove(1)).isFalse();
      map.putAll(Map.of(1, HOP, 2, OTHER));
      assertThat(map.entries()).isEqualTo(Map.of(1, HOP, 2, OTHER));
    }
  }

  @Test
  void theLongestPrefixWins() {
    try (BpfMap<Cidr, Ip> map = BpfMap.prefixes("prefixes", Layout.IPV4, 8)) {
      map.put(Cidr.parse("10.1.0.0/16"), HOP);
      map.put(Cidr.parse("10.1.7.9/24"), OTHER);
      assertThat(map.lookup(Cidr.parse("10.1.7.1/32"))).contains(OTHER);
      assertThat(map.lookup(Cidr.parse("10.1.8.1/32"))).contains(HOP);
      assertThat(map.lookup(Cidr.parse("10.2.0.1/32"))).isEmpty();
      assertThat(map.entries())
          .isEqualTo(Map.of(Cidr.parse("10.1.0.0/16"), HOP, Cidr.parse("10.1.7.0/24"), OTHER));
      assertThat(map.remove(Cidr.parse("10.1.7.0/24"))).isTrue();
      assertThat(map.lookup(Cidr.parse("10.1.7.1/32"))).contains(HOP);
    }
  }

  @Test
  void tenThousandPrefixesMoveInBatches() {
    Map<Cidr, Ip> many = HashMap.newHashMap(10_000);
    for (int i = 0; i < 10_000; i++) {
      many.put(new Cidr(Ip.v4(0x0a000000 + (i << 8)), 24), Ip.v4(0xc0000200 + i));
    }
    try (BpfMap<Cidr, Ip> map = BpfMap.prefixes("prefixes", Layout.IPV4, 10_000)) {
      map.putAll(Map.of());
      assertThat(map.entries()).isEmpty();
      map.putAll(many);
      assertThat(map.entries()).isEqualTo(many);
      map.removeAll(many.keySet());
      assertThat(map.entries()).isEmpty();
    }
  }

  @Test
  void removingPassesOverWhatIsNotThere() {
    try (BpfMap<Integer, Ip> map = BpfMap.hash("numbers", Layout.U32, Layout.IPV4, 8)) {
      map.putAll(Map.of(1, HOP, 3, HOP, 5, HOP));
      map.removeAll(List.of(0, 1, 2, 3, 4));
      assertThat(map.entries().keySet()).isEqualTo(Set.of(5));
      map.removeAll(List.of());
    }
  }

  @Test
  void aFullMapSaysSo() {
    try (BpfMap<Cidr, Ip> map = BpfMap.prefixes("small", Layout.IPV4, 1)) {
      map.put(Cidr.parse("10.1.0.0/24"), HOP);
      assertThatThrownBy(() -> map.put(Cidr.parse("10.2.0.0/24"), HOP))
          .isInstanceOf(LinuxException.class)
          .hasMessage("put 10.2.0.0/24 into eBPF map small: ENOSPC");
      assertThatThrownBy(() -> map.putAll(Map.of(Cidr.parse("10.3.0.0/24"), HOP)))
          .hasMessage("put 1 entries into eBPF map small: ENOSPC");
    }
  }

  @Test
  void arraysStartWithZeros() {
    try (BpfMap<Integer, Integer> map = BpfMap.array("array", Layout.U32, 3)) {
      map.put(1, 42);
      assertThat(map.entries()).isEqualTo(Map.of(0, 0, 1, 42, 2, 0));
      assertThat(map.lookup(3)).isEmpty();
      assertThatThrownBy(() -> map.put(3, 1)).hasMessageContaining("E2BIG");
      assertThatThrownBy(() -> map.remove(0)).hasMessageContaining("EINVAL");
    }
    try (PerCpuArray<List<Long>> array = PerCpuArray.create("counters", Layout.u64s(3), 1)) {
      assertThat(array.lookup(0)).isNotEmpty().allMatch(List.of(0L, 0L, 0L)::equals);
      assertThatThrownBy(() -> array.lookup(1)).hasMessageContaining("ENOENT");
    }
  }

  @Test
  void cpusAreCounted() {
    assertThat(PerCpuArray.count("0")).isEqualTo(1);
    assertThat(PerCpuArray.count("0-127")).isEqualTo(128);
    assertThat(PerCpuArray.count("0-3,8-11,16")).isEqualTo(9);
  }

  @Test
  void prefixesLieInMemoryAsTheKernelWantsThem() {
    ByteBuffer memory = ByteBuffer.allocate(8).order(java.nio.ByteOrder.nativeOrder());
    Layout.IPV4_PREFIX.put(Cidr.parse("10.1.2.3/24"), memory, 0);
    assertThat(HexFormat.of().formatHex(memory.array())).isEqualTo("180000000a010200");
    assertThat(Layout.IPV4_PREFIX.get(memory, 0)).isEqualTo(Cidr.parse("10.1.2.0/24"));
    assertThatThrownBy(() -> Layout.IPV4.put(Ip.parse("::1"), memory, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void namesAreThoseOfTheKernel() {
    assertThatThrownBy(() -> BpfMap.array("no good name", Layout.U32, 1))
        .hasMessageContaining("no good name");
  }

  @Test
  void descriptorsAreClosedOnce() throws IOException {
    long before = BpfProgramTest.descriptors();
    BpfMap<Integer, Integer> map = BpfMap.array("array", Layout.U32, 3);
    assertThat(BpfProgramTest.descriptors()).isEqualTo(before + 1);
    map.close();
    map.close();
    assertThat(BpfProgramTest.descriptors()).isEqualTo(before);
    assertThatThrownBy(map::entries).isInstanceOf(IllegalStateException.class);
  }
}
