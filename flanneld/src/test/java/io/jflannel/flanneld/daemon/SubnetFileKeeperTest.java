// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.status.FileState;
import io.jflannel.flanneld.subnetfile.SubnetEnv;
import io.jflannel.flanneld.subnetfile.SubnetFile;
import io.jflannel.net.Cidr;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubnetFileKeeperTest {

  private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);

  @TempDir Path directory;
  private final Latest<SubnetEnv> wanted = new Latest<>();
  private final Latest<FileState> reported = new Latest<>();
  private final TaskScope scope = new TaskScope();
  private Path path;
  private SubnetFile file;

  @BeforeEach
  void start() {
    path = directory.resolve("deep/subnet.env");
    file = new SubnetFile(path, directory);
    scope.fork("file", new SubnetFileKeeper(file, wanted, reported::put)::run);
  }

  @AfterEach
  void stop() {
    scope.close();
    file.close();
  }

  @Test
  void nothingIsWrittenBeforeThereIsSomethingToSay() { // LIF-1
    scope.close();

    assertThat(path).doesNotExist();
  }

  @Test
  void aNewLeaseOrMtuIsWritten() { // P22
    wanted.put(env(1450));
    await().untilAsserted(() -> assertThat(path).hasContent(env(1450).text()));

    wanted.put(env(1350));
    await().untilAsserted(() -> assertThat(path).hasContent(env(1350).text()));
  }

  @Test
  void aRemovedFileIsBackWithinFiveSeconds() throws IOException { // P38
    wanted.put(env(1450));
    await().untilAsserted(() -> assertThat(path).exists());

    Files.delete(path);

    await().atMost(FIVE_SECONDS).untilAsserted(() -> assertThat(path).hasContent(env(1450).text()));
  }

  @Test
  void anAlteredFileIsPutRightWithinFiveSeconds() throws IOException {
    wanted.put(env(1450));
    await().untilAsserted(() -> assertThat(path).exists());

    Files.writeString(path, "FLANNEL_MTU=9000\n");

    await().atMost(FIVE_SECONDS).untilAsserted(() -> assertThat(path).hasContent(env(1450).text()));
  }

  @Test
  void aFailureIsReportedAndTriedAgain() throws IOException { // ODD-5
    Files.createDirectories(path);
    wanted.put(env(1450));
    await().until(() -> state().filter(s -> s instanceof FileState.Failed).isPresent());

    Files.delete(path);

    await().until(() -> state().filter(s -> s instanceof FileState.Written).isPresent());
    assertThat(path).hasContent(env(1450).text());
  }

  private Optional<FileState> state() {
    return reported.peek().map(Latest.Versioned::value);
  }

  private static SubnetEnv env(int mtu) {
    return new SubnetEnv(
        Optional.of(new SubnetEnv.Part(Cidr.parse("10.42.0.0/16"), Cidr.parse("10.42.2.0/24"))),
        Optional.empty(),
        mtu,
        false);
  }
}
