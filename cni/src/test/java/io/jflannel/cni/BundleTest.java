// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plugin as it is installed: built by scripts/cni.sh, copied by packaging/cni/install. */
class BundleTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir static Path built;
  @TempDir Path directory;

  /** How a program ended. */
  private record Ended(int status, String out, String err) {}

  @BeforeAll
  static void build() throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "sh",
                "-euc",
                "root=$1; shift; . \"$root/scripts/machine.sh\"; . \"$root/scripts/cni.sh\"; assemble_cni \"$@\"",
                "sh",
                ROOT.toString(),
                built.resolve("cni").toString()));
    for (String name : List.of("cni", "json", "jackson-core", "linux")) {
      command.add(jar(name).toString());
    }
    Ended ended =
        run(command, Map.of("JAVA_HOME", System.getProperty("java.home")), Path.of("/dev/null"));
    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.err()).doesNotContain("no AOT cache");
  }

  /** In a test run modules of this project are folders. */
  private static Path jar(String name) throws IOException, InterruptedException {
    Path place =
        Arrays.stream(System.getProperty("java.class.path").split(":", -1))
            .map(Path::of)
            .filter(path ->
                path.endsWith(name + "/target/classes")
                    || path.getFileName().toString().startsWith(name + "-"))
            .findFirst()
            .orElseThrow();
    if (Files.isRegularFile(place)) {
      return place;
    }
    Path jar = built.resolve(name + ".jar");
    Ended ended =
        run(
            List.of(
                System.getProperty("java.home") + "/bin/jar",
                "--create",
                "--file",
                jar.toString(),
                "-C",
                place.toString(),
                "."),
            Map.of(),
            Path.of("/dev/null"));
    assertThat(ended.status()).as(ended.err()).isZero();
    return jar;
  }

  @Test
  void itRunsWhereItIsInstalledAndByALink() throws Exception {
    install();
    Path link = directory.resolve("elsewhere");
    Files.createSymbolicLink(link, bin().resolve("flannel"));

    for (Path program : List.of(bin().resolve("flannel"), link)) {
      Ended ended =
          run(List.of(program.toString()), Map.of("CNI_COMMAND", "VERSION"), Path.of("/dev/null"));

      assertThat(ended.status()).as(ended.err()).isZero();
      assertThat(ended.out()).startsWith("{\"cniVersion\":\"1.1.0\"");
      assertThat(ended.err()).isEmpty();
    }
  }

  @Test
  void whatTheJvmSaysNeverMixesWithTheResult() throws Exception {
    install();

    Ended ended =
        run(
            List.of(bin().resolve("flannel").toString()),
            Map.of(
                "CNI_COMMAND",
                "VERSION",
                "JAVA_TOOL_OPTIONS",
                "-Xlog:all",
                "JDK_JAVA_OPTIONS",
                "-verbose"),
            Path.of("/dev/null"));
    Files.delete(only("flannel.runtime-*").resolve("flannel.aot"));
    Ended without =
        run(
            List.of(bin().resolve("flannel").toString()),
            Map.of("CNI_COMMAND", "VERSION"),
            Path.of("/dev/null"));

    assertThat(ended.out()).startsWith("{\"cniVersion\"").hasLineCount(1);
    assertThat(without.status()).isZero();
    assertThat(without.out()).isEqualTo(ended.out());
  }

  @Test
  void theCacheServesWhereItIsInstalled() throws Exception {
    install();
    Path runtime = only("flannel.runtime-*");
    String launcher = Files.readString(bin().resolve("flannel"));
    String flags =
        launcher.substring(launcher.indexOf("-XX:+UseSerialGC"), launcher.indexOf(" -XX:AOTCache"));

    Ended ended =
        run(
            List.of(
                "sh",
                "-c",
                "exec $0/bin/java "
                    + flags
                    + " -XX:AOTMode=on -Xlog:class+load:stdout -XX:AOTCache=$0/flannel.aot"
                    + " -cp $0/app/cni.jar:$0/app/json.jar:$0/app/jackson-core.jar:$0/app/linux.jar io.jflannel.cni.Main",
                runtime.toString()),
            Map.of("CNI_COMMAND", "VERSION"),
            Path.of("/dev/null"));

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out())
        .contains("io.jflannel.cni.Main source: shared objects file")
        .doesNotContain("source: file:");
  }

  @Test
  void aPodsLife() throws Exception { // CNI/17.3, 17.4
    install();
    PluginProcess plugin = new PluginProcess(directory);
    Path config = Files.writeString(directory.resolve("conf"), plugin.config("0.4.0", ""));
    Map<String, String> environment =
        Map.of(
            "CNI_PATH", directory.toString(),
            "CNI_CONTAINERID", "c1",
            "CNI_IFNAME", "eth0",
            "CNI_NETNS", "/var/run/netns/none");

    for (String command : List.of("ADD", "CHECK", "DEL", "DEL")) {
      Map<String, String> all = new HashMap<>(environment);
      all.put("CNI_COMMAND", command);
      long start = System.nanoTime();
      Ended ended = run(List.of(bin().resolve("flannel").toString()), all, config);
      System.out.printf(
          "%s: %d ms%n", command, Duration.ofNanos(System.nanoTime() - start).toMillis());

      assertThat(ended.status()).as(command + ended.out() + ended.err()).isZero();
    }
    assertThat(plugin.data()).isEmptyDirectory();
  }

  @Test
  void theHeapHoldsTheLargestInput() throws Exception { // CNI/17.5: else it ends without an error
    install();
    PluginProcess plugin = new PluginProcess(directory);
    String text = plugin.config("0.4.0", ",'delegate':{'x':[" + "0,".repeat(523_000) + "0]}");
    assertThat(text.length()).isBetween(Main.INPUT_MAX - 5_000, Main.INPUT_MAX);
    Path config = Files.writeString(directory.resolve("conf"), text);

    Ended ended =
        run(
            List.of(bin().resolve("flannel").toString()),
            Map.of(
                "CNI_COMMAND", "ADD",
                "CNI_PATH", directory.toString(),
                "CNI_CONTAINERID", "c1",
                "CNI_IFNAME", "eth0",
                "CNI_NETNS", "/var/run/netns/none"),
            config);

    assertThat(ended.status()).as(ended.out()).isZero();
  }

  @Test
  void installingAgainReplacesWhatIsOld() throws Exception {
    install();
    Path runtime = only("flannel.runtime-*");
    Path former = Files.createDirectories(bin().resolve("flannel.runtime-former/bin")).getParent();
    Path old = Files.createDirectories(bin().resolve("flannel.runtime-old/bin")).getParent();
    Files.setLastModifiedTime(old, FileTime.fromMillis(0));
    Files.writeString(bin().resolve("flannel"), "old");
    Files.writeString(bin().resolve("bridge"), "another plugin");

    install();

    assertThat(runtime).isDirectory();
    assertThat(former).isDirectory(); // plugins that just start may need it
    assertThat(old).doesNotExist();
    assertThat(bin().resolve("flannel")).content().contains(runtime.getFileName().toString());
    assertThat(bin().resolve("bridge")).hasContent("another plugin");
    try (Stream<Path> files = Files.list(bin())) {
      assertThat(files).hasSize(4);
    }
  }

  private Path bin() {
    return directory.resolve("opt/cni/bin");
  }

  private void install() throws IOException, InterruptedException {
    Ended ended =
        run(
            List.of(built.resolve("cni/install").toString(), bin().toString()),
            Map.of(),
            Path.of("/dev/null"));
    assertThat(ended.status()).as(ended.err()).isZero();
  }

  private Path only(String glob) throws IOException {
    try (var files = Files.newDirectoryStream(bin(), glob)) {
      List<Path> found = new ArrayList<>();
      files.forEach(found::add);
      assertThat(found).hasSize(1);
      return found.getFirst();
    }
  }

  private static Ended run(List<String> command, Map<String, String> environment, Path input)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(built, "out", "");
    Path err = Files.createTempFile(built, "err", "");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(input.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().putAll(environment);
    int status = builder.start().waitFor();
    return new Ended(status, Files.readString(out), Files.readString(err));
  }
}
