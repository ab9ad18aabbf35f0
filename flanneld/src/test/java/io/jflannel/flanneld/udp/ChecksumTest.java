// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.tun.NativeMemory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChecksumTest {

  private final NativeMemory memory = NativeMemory.allocate(1 << 17);

  @Test
  void everyLengthAndAlignmentSumsUpAsByHand() {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(random.nextInt(10) == 0 ? 65536 : 100)];
      random.nextBytes(bytes);
      if (random.nextInt(10) == 0) {
        Arrays.fill(bytes, (byte) 0xff);
      }
      int at = random.nextInt(64);
      memory.network().put(at, bytes);
      int sum = Checksum.sum(memory, at, bytes.length);
      assertThat(sum).isEqualTo(NaivePacket.sum(bytes, 0, bytes.length, 0));
    }
  }

  @Test
  void carriesAreAddedUntilThereIsNone() {
    assertThat(Checksum.fold(0)).isZero();
    assertThat(Checksum.fold(0xffff)).isEqualTo(0xffff);
    assertThat(Checksum.fold(0x1_0000)).isEqualTo(1);
    assertThat(Checksum.fold(0xffff_ffffL)).isEqualTo(0xffff);
    assertThat(Checksum.fold(0x0fff_ffff_ffff_ffffL)).isEqualTo(0x0fff);
    assertThat(Checksum.fold(0x7fff_ffff_ffff_ffffL)).isEqualTo(0x7fff);
    assertThat(Checksum.fold(0x1_ffff_ffffL)).isEqualTo(1);
  }
}
