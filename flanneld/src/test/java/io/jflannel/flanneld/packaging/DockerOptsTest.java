// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.packaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.Requirements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code packaging/mk-docker-opts.sh} under every shell, and as {@code jflannel docker-opts}. */
@ParameterizedClass
@EnumSource
class DockerOptsTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path SCRIPT = ROOT.resolve("packaging/mk-docker-opts.sh");
  private static final String SUBNET =
      """
      FLANNEL_NETWORK=10.1.0.0/16
      FLANNEL_SUBNET=10.1.74.1/24
      FLANNEL_MTU=1472
      FLANNEL_IPMASQ=false
      """;
  private static final String BEFORE = "what was there before\n";

  /** How the script is started. */
  enum Way {
    SH("sh"),
    DASH("dash"),
    BUSYBOX("busybox sh"),
    JFLANNEL("");

    private final String shell;

    Way(String shell) {
      this.shell = shell;
    }

    /** The launcher through a link from elsewhere, as an installation may have it. */
    private List<String> command(Path directory) throws IOException {
      if (this == JFLANNEL) {
        Path link = directory.resolve("jflannel");
        if (!Files.exists(link)) {
          Files.createSymbolicLink(link, ROOT.resolve("jflannel"));
        }
        return List.of(link.toString(), "docker-opts");
      }
      List<String> command = new ArrayList<>(List.of(shell.split(" ", -1)));
      command.add(SCRIPT.toString());
      return command;
    }
  }

  private record Result(int status, String out, String err) {}

  @Parameter private Way way = Way.SH;
  @TempDir private Path directory = Path.of("/nowhere");
  private final Map<String, String> environment = new TreeMap<>();
  private final List<String> namespace = new ArrayList<>();
  private Path subnetFile = Path.of("/nowhere");
  private Path output = Path.of("/nowhere");

  @BeforeEach
  void subnetFile() throws IOException {
    if (way == Way.BUSYBOX) {
      Requirements.commands("busybox");
    }
    subnetFile = directory.resolve("subnet.env");
    output = directory.resolve("docker.env");
    Files.writeString(subnetFile, SUBNET);
  }

  private Result run(String... options) throws Exception {
    List<String> command = new ArrayList<>(namespace);
    command.addAll(way.command(directory));
    command.addAll(List.of("-f", subnetFile.toString(), "-d", output.toString()));
    command.addAll(List.of(options));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().putAll(environment);
    Path err = directory.resolve("err");
    Process process = builder.redirectError(err.toFile()).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Result(process.waitFor(), out, Files.readString(err));
  }

  private void succeeds(String written, String... options) throws Exception {
    assertThat(run(options)).isEqualTo(new Result(0, "", ""));
    assertThat(Files.readString(output)).isEqualTo(written);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .isSubsetOf("subnet.env", "docker.env", "err", "jflannel", "link");
    }
  }

  private void fails(String reason, String... options) throws Exception {
    Files.writeString(output, BEFORE);
    Result result = run(options);
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains(reason);
    assertThat(Files.readString(output)).isEqualTo(BEFORE);
  }

  static List<Arguments> table() {
    String bip = "DOCKER_OPT_BIP=\"--bip=10.1.74.1/24\"\n";
    String masq = "DOCKER_OPT_IPMASQ=\"--ip-masq=true\"\n";
    String mtu = "DOCKER_OPT_MTU=\"--mtu=1472\"\n";
    String all = "=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n";
    return List.of(
        row(bip + masq + mtu + "DOCKER_OPTS" + all),
        row(bip + masq + mtu, "-i"),
        row("DOCKER_OPTS" + all, "-c"),
        row(bip + masq + mtu + "DOCKER_OPTS" + all, "-i", "-c"),
        row(bip + masq + mtu + "CUSTOM_KEY" + all, "-k", "CUSTOM_KEY"),
        row(bip + mtu + "DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1472\"\n", "-m"),
        row("K=\" --bip=10.1.74.1/24 --mtu=1472\"\n", "-mck", "K"));
  }

  private static Arguments row(String written, String... options) {
    return Arguments.of(written, options);
  }

  @ParameterizedTest
  @MethodSource("table")
  void theOptionsSelectWhatIsWritten(String written, String[] options) throws Exception { // 10.3
    succeeds(written, options);
  }

  @ParameterizedTest
  @CsvSource({"true,false", "false,true"})
  void onlyOneOfTheTwoMasquerades(String flannel, String docker) throws Exception { // 10.3
    Files.writeString(subnetFile, "FLANNEL_IPMASQ=" + flannel + "\n");

    succeeds("DOCKER_OPT_IPMASQ=\"--ip-masq=" + docker + "\"\n", "-i");
  }

  @Test
  void anExistingValueOfTheCombinedVariableComesFirst() throws Exception { // 10.3
    environment.put("DOCKER_OPTS", "--foo");

    succeeds("DOCKER_OPTS=\"--foo  --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n", "-c");
  }

  @Test
  void withoutSubnetFileTheEnvironmentCounts() throws Exception { // 10.3
    Files.delete(subnetFile);
    succeeds("DOCKER_OPTS=\"\"\n");
    succeeds("", "-i");

    environment.put("FLANNEL_SUBNET", "10.1.9.1/24");
    succeeds("DOCKER_OPT_BIP=\"--bip=10.1.9.1/24\"\nDOCKER_OPTS=\" --bip=10.1.9.1/24\"\n");
  }

  @Test
  void furtherVariablesAreIncludedInAlphabeticalOrder() throws Exception { // 10.3
    environment.put("DOCKER_OPT_ZONE", "--label=zone=a");
    environment.put("DOCKER_OPT_DEBUG", "--debug");
    environment.put("DOCKER_OPT_MTU", "--mtu=9"); // the file's value counts
    environment.put("XDOCKER_OPT_A", "--no");

    succeeds(
        """
        DOCKER_OPT_BIP="--bip=10.1.74.1/24"
        DOCKER_OPT_DEBUG="--debug"
        DOCKER_OPT_IPMASQ="--ip-masq=true"
        DOCKER_OPT_MTU="--mtu=1472"
        DOCKER_OPT_ZONE="--label=zone=a"
        DOCKER_OPTS=" --bip=10.1.74.1/24 --debug --ip-masq=true --mtu=1472 --label=zone=a"
        """);
  }

  @Test
  void noValueIsExecutedAndAShellReadsTheFileBackAsItWas() throws Exception {
    Path mark = directory.resolve("executed");
    String evil =
        "a\"b'c \\ $HOME `touch %1$s` $(touch %1$s) ; touch %1$s # é\nDOCKER_OPT_LINE=\"\\"
            .formatted(mark);
    environment.put("DOCKER_OPT_EVIL", evil);
    environment.put("CUSTOM", evil);
    Files.writeString(subnetFile, "FLANNEL_MTU=$(touch " + mark + ")`touch " + mark + "`\n");

    assertThat(run("-k", "CUSTOM")).isEqualTo(new Result(0, "", ""));

    String mtu = "--mtu=$(touch " + mark + ")`touch " + mark + "`";
    assertThat(readBack("DOCKER_OPT_EVIL", "DOCKER_OPT_MTU", "DOCKER_OPT_LINE", "CUSTOM"))
        .isEqualTo(evil + "|" + mtu + "||" + evil + "  " + evil + " " + mtu + "|");
    assertThat(mark).doesNotExist();
  }

  /** What a shell finds in variables after reading the output, each followed by a bar. */
  private String readBack(String... names) throws Exception {
    StringBuilder script = new StringBuilder(". \"$1\"\n");
    for (String name : names) {
      script.append("printf '%s|' \"$").append(name).append("\"\n");
    }
    Process shell =
        new ProcessBuilder("sh", "-c", script.toString(), "sh", output.toString()).start();
    return new String(shell.getInputStream().readAllBytes(), UTF_8);
  }

  @Test
  void aSubnetFileIsReadNotRun() throws Exception {
    Path mark = directory.resolve("executed");
    Files.writeString(
        subnetFile,
        """
        # FLANNEL_MTU=1
        touch %s
        PATH=/nowhere
        no name=1
        export FLANNEL_SUBNET="10.1.74.1/24"
          DOCKER_OPT_X='--x y'
        FLANNEL_MTU=1472\
        """
            .formatted(mark));

    succeeds("DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1472 --x y\"\n", "-c");
    assertThat(mark).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({"-h", "-?", "-z", "-k", "--help"})
  void wrongUsageAndHelpWriteNothing(String option) throws Exception { // 10.3
    fails("Usage: mk-docker-opts.sh [-f FILE] [-d FILE] [-i] [-c] [-k KEY] [-m]", option);
  }

  @Test
  void aKeyMustBeAName() throws Exception {
    fails("-k 'A;B' is no name of a variable", "-k", "A;B");
    fails("-k '' is no name of a variable", "-k", "");
  }

  @Test
  void ipMasqMustBeTrueOrFalse() throws Exception { // 10.3
    Files.writeString(subnetFile, SUBNET.replace("=false", "=maybe"));

    fails("FLANNEL_IPMASQ is 'maybe', neither true nor false; nothing written");
    succeeds("DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1472\"\n", "-c", "-m");
  }

  @Test
  void whatCannotBeWrittenIsNamed() throws Exception {
    output = directory.resolve("absent").resolve("docker.env");
    Result absent = run();
    assertThat(absent.status()).isEqualTo(1);
    assertThat(absent.err())
        .contains("cannot write " + output + ": there is no directory " + output.getParent());
    assertThat(output.getParent()).doesNotExist();

    output = directory;
    Result itself = run();
    assertThat(itself.status()).isEqualTo(1);
    assertThat(itself.err()).contains("cannot write " + directory + ": it is a directory");
  }

  @Test
  void theOutputIsReplacedAsAWholeAlsoBehindALink() throws Exception {
    Files.writeString(output, BEFORE);
    Object before = Files.getAttribute(output, "unix:ino");
    succeeds("DOCKER_OPTS=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n", "-c");
    assertThat(Files.getAttribute(output, "unix:ino")).isNotEqualTo(before);

    Path target = output;
    output = directory.resolve("link");
    Files.createSymbolicLink(output, target);
    succeeds("K=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n", "-c", "-k", "K");
    assertThat(output).isSymbolicLink();
  }

  @Test
  void standardOutputIsWrittenInPlace() throws Exception {
    output = Path.of("/dev/stdout");

    assertThat(run("-c"))
        .isEqualTo(
            new Result(0, "DOCKER_OPTS=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n", ""));
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.74.0/24 via 192.0.2.2, true",
    "10.1.74.0/24 nhid 7, true",
    "10.1.74.0/25 via 192.0.2.2, false",
    "10.1.0.0/16 via 192.0.2.2, false",
    "10.1.7.0/24 via 192.0.2.2, false",
    "110.1.74.0/24 via 192.0.2.2, false",
    "10.1.74.0/24 dev left, false",
    "blackhole 10.1.74.0/24, false"
  })
  void aSubnetRoutedToAnotherHostIsRefusedBeforeAnythingIsWritten( // ODD-50
      String route, boolean refused) throws Exception {
    Requirements.lab();
    String name = "jfd" + ProcessHandle.current().pid();
    must("ip", "netns", "add", name);
    try {
      namespace.addAll(List.of("ip", "netns", "exec", name));
      must("ip", "-n", name, "link", "add", "left", "type", "veth", "peer", "name", "right");
      must("ip", "-n", name, "address", "add", "192.0.2.1/24", "dev", "left");
      must("ip", "-n", name, "link", "set", "left", "up");
      must("ip", "-n", name, "link", "set", "right", "up");
      must("sh", "-c", "ip -n " + name + " nexthop add id 7 via 192.0.2.2 dev left");
      must("sh", "-c", "ip -n " + name + " route add " + route);
      if (refused) {
        fails("10.1.74.1/24 is routed to another host; nothing written: 10.1.74.0/24 ");
      } else {
        succeeds("DOCKER_OPTS=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n", "-c");
      }
    } finally {
      must("ip", "netns", "del", name);
    }
  }

  private static void must(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), text).isZero();
  }
}
