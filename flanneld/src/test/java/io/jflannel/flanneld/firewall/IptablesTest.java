// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.net.Family;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which programs are used; they are scripts. */
class IptablesTest {

  @TempDir Path directory;
  private Path folder;
  private Programs programs;

  @BeforeEach
  void prepare() throws Exception {
    folder = Files.createDirectory(directory.resolve("a folder"));
    programs = new Programs(List.of(folder), new Tool());
    for (String name : List.of("iptables", "iptables-save", "iptables-restore")) {
      write(name, "echo 'iptables v1.8.9 (legacy)'");
    }
  }

  private Path write(String name, String script) throws Exception {
    Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Iptables find() throws InterruptedException {
    return Iptables.find(programs, Family.V4, Variant.LEGACY);
  }

  @Test // with a blank in the folder's name three programs were started for each look
  void programsAreCurrentUntilOneIsWrittenAnew() throws Exception {
    Iptables iptables = find();
    assertThat(iptables.version()).isEqualTo("iptables v1.8.9 (legacy)");
    assertThat(iptables.isCurrent(programs)).isTrue();

    Files.setLastModifiedTime(iptables.save(), FileTime.fromMillis(0));
    assertThat(iptables.isCurrent(programs)).isFalse();
    assertThat(find().isCurrent(programs)).isTrue();
  }

  @Test
  void programsThatAreGoneOrLeadElsewhereAreNotCurrent() throws Exception {
    Iptables iptables = find();
    Path other = write("other", "echo 'iptables v1.8.9 (legacy)'");
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(iptables.restore()));
    Files.delete(iptables.restore());
    assertThat(iptables.isCurrent(programs)).isFalse();

    Files.createSymbolicLink(iptables.restore(), other);
    assertThat(iptables.isCurrent(programs)).isFalse();
  }

  @Test
  void whatIsMissingIsNoReasonToTryAgainSoon() throws Exception {
    Files.delete(folder.resolve("iptables-save"));

    assertThatThrownBy(this::find)
        .isInstanceOfSatisfying(
            FirewallException.class, e -> assertThat(e.isMissing()).as(e.getMessage()).isTrue());
  }
}
