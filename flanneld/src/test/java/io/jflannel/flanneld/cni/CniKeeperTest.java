// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.status.FileState;
import io.jflannel.flanneld.subnetfile.SubnetEnv;
import io.jflannel.net.Cidr;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CniKeeperTest {

  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final String TEMPLATE = "{\"name\":\"cbr0\",\"plugins\":[{\"type\":\"flannel\"}]}";

  @TempDir Path directory;
  private final Latest<SubnetEnv> wanted = new Latest<>();
  private final Latest<FileState> reported = new Latest<>();
  private final TaskScope scope = new TaskScope();
  private Path template;
  private Path output;

  @BeforeEach
  void start() throws IOException {
    template = directory.resolve("cni-conf.json");
    output = directory.resolve("net.d/10-flannel.conflist");
    Files.writeString(template, TEMPLATE);
    scope.fork("cni", new CniKeeper(new Options.Cni(template, output), wanted, reported::put)::run);
  }

  @AfterEach
  void stop() {
    scope.close();
  }

  @Test
  void nothingIsWrittenBeforeTheNetworkWorks() {
    scope.close();

    assertThat(output).doesNotExist();
    assertThat(reported.peek()).isEmpty();
  }

  @Test
  void theFileFollowsSubnetAndMtu() throws IOException {
    wanted.put(env("10.42.2.0/24", 1450));
    awaitOutput("\"subnet\": \"10.42.2.0/24\"");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(output)))
        .isEqualTo("rw-r--r--");

    wanted.put(env("10.42.3.0/24", 1350));

    awaitOutput("\"subnet\": \"10.42.3.0/24\"");
    awaitOutput("\"mtu\": 1350");
    assertThat(state()).contains(new FileState.Written());
    assertThat(output.getParent()).isDirectoryNotContaining("glob:**/.*");
  }

  @Test
  void aLostOrAlteredFileIsBackSoon() throws IOException {
    wanted.put(env("10.42.2.0/24", 1450));
    awaitOutput("10.42.2.0");
    String text = Files.readString(output);

    Files.delete(output);
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(output).hasContent(text));
    Files.writeString(output, "{}");
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(output).hasContent(text));
  }

  @Test
  void anotherTemplateIsFollowed() throws IOException {
    wanted.put(env("10.42.2.0/24", 1450));
    awaitOutput("cbr0");

    Files.writeString(template, TEMPLATE.replace("cbr0", "cbr1"));

    awaitOutput("cbr1");
  }

  @Test
  void aBadTemplateIsRefusedAndWhatWasWrittenStays() throws IOException {
    wanted.put(env("10.42.2.0/24", 1450));
    awaitOutput("10.42.2.0");
    String text = Files.readString(output);

    Files.writeString(template, "{\"name\":\"cbr0\",\"plugins\":[]}");
    awaitState(
        new FileState.Failed(template + " cannot be used: no plugin of it is of type flannel"));
    assertThat(output).hasContent(text);
    Files.delete(template);
    awaitState(new FileState.Failed(template + " cannot be used: there is no such file"));
    assertThat(output).hasContent(text);
    Files.createDirectory(template);
    awaitState(new FileState.Failed(template + ": is no small regular file"));
    Files.delete(template);
    Files.writeString(template, TEMPLATE);

    awaitState(new FileState.Written());
    assertThat(output).hasContent(text);
  }

  @Test // pods go on to start
  void whileTheTemplateIsBadTheOneBeforeItIsKept() throws IOException {
    wanted.put(env("10.42.2.0/24", 1450));
    awaitOutput("10.42.2.0");
    String text = Files.readString(output);
    Files.writeString(template, "{\"name\":");
    await().until(() -> state().filter(s -> s instanceof FileState.Failed).isPresent());

    Files.delete(output);
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(output).hasContent(text));
    wanted.put(env("10.42.3.0/24", 1450));
    awaitOutput("\"subnet\": \"10.42.3.0/24\"");
    assertThat(state().orElseThrow()).isInstanceOf(FileState.Failed.class);
    Files.delete(template);
    Files.delete(output);
    awaitOutput("\"subnet\": \"10.42.3.0/24\"");

    Files.writeString(template, TEMPLATE.replace("cbr0", "cbr1"));
    awaitOutput("cbr1");
    awaitState(new FileState.Written());
  }

  @Test
  void anOutputThatCannotBeWrittenIsTriedAgain() throws IOException {
    Files.createDirectories(output);
    wanted.put(env("10.42.2.0/24", 1450));
    await().until(() -> state().filter(s -> s instanceof FileState.Failed).isPresent());

    Files.delete(output);

    awaitOutput("10.42.2.0");
    awaitState(new FileState.Written());
  }

  @Test
  void whatABootFoundIsRemoved() throws IOException {
    Options.Cni cni = new Options.Cni(template, output);
    CniKeeper.removeFormer(cni);
    Files.createDirectories(output.getParent());
    Files.writeString(output, "{}");

    CniKeeper.removeFormer(cni);

    assertThat(output).doesNotExist();
    assertThat(template).exists();
  }

  private void awaitOutput(String text) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(output).content().contains(text));
  }

  private void awaitState(FileState state) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(state()).contains(state));
  }

  private Optional<FileState> state() {
    return reported.peek().map(Latest.Versioned::value);
  }

  private static SubnetEnv env(String subnet, int mtu) {
    return new SubnetEnv(
        Optional.of(new SubnetEnv.Part(Cidr.parse("10.42.0.0/16"), Cidr.parse(subnet))),
        Optional.empty(),
        mtu,
        false);
  }
}
