// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The plugin's commands, with a delegate that only notes what it is asked. */
class PluginTest {

  private static final String STATE =
      "{\"cniVersion\":\"0.4.0\",\"ipMasq\":false,\"ipam\":{\"ranges\":[[{\"subnet\":\"10.1.17.0/24\"}]],"
          + "\"routes\":[{\"dst\":\"10.1.0.0/16\"}],\"type\":\"host-local\"},\"isGateway\":true,\"mtu\":1472,"
          + "\"name\":\"cni-flannel\",\"type\":\"bridge\"}";
  private static final String ERROR = "{\"code\":11,\"msg\":\"try again\",\"details\":\"é\"}";

  @TempDir Path directory;
  private PluginProcess plugin;

  @BeforeEach
  void prepare() throws IOException {
    plugin = new PluginProcess(directory);
  }

  @Test
  void addDelegates() throws Exception { // CNI/17.3, C1
    PluginProcess.Ended ended = plugin.run("ADD");

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).isEqualTo("{\"cniVersion\":\"0.4.0\",\"ips\":[]}\n");
    assertThat(ended.err()).contains(STATE, "from bridge");
    assertThat(plugin.asked()).hasContent("ADD c1 eth0\n" + STATE);
    assertThat(plugin.state("c1")).hasContent(STATE);
    assertThat(plugin.state("c1:eth0")).hasContent(STATE);
    assertThat(mode(plugin.state("c1"))).isEqualTo("rw-------");
    assertThat(mode(plugin.data())).isEqualTo("rwx------");
    assertThat(names()).containsExactlyInAnyOrder("c1", "c1:eth0");
  }

  @Test
  void delUsesWhatAddKept() throws Exception { // CNI/17.4, C2
    plugin.run("ADD");
    Files.delete(plugin.subnetFile());

    PluginProcess.Ended first = plugin.run("DEL");
    String asked = Files.readString(plugin.asked());
    Files.delete(plugin.asked());
    PluginProcess.Ended second = plugin.run("DEL");

    assertThat(first.status()).as(first.out()).isZero();
    assertThat(asked).isEqualTo("DEL c1 eth0\n" + STATE);
    assertThat(names()).isEmpty();
    assertThat(second.status()).isZero();
    assertThat(plugin.asked()).doesNotExist();
  }

  @Test
  void delThatFailedCanBeTriedAgain() throws Exception { // B44
    plugin.run("ADD");
    plugin.bridge(1, ERROR);

    PluginProcess.Ended failed = plugin.run("DEL");
    List<String> left = names();
    plugin.bridge(0, "");
    PluginProcess.Ended again = plugin.run("DEL");

    assertThat(failed.status()).isEqualTo(1);
    assertThat(failed.out()).isEqualTo(ERROR + "\n\n"); // CNI/17.5: passed on unchanged
    assertThat(left).containsExactlyInAnyOrder("c1", "c1:eth0");
    assertThat(again.status()).isZero();
    assertThat(plugin.asked()).hasContent("DEL c1 eth0\n" + STATE);
    assertThat(names()).isEmpty();
  }

  @Test
  void addThatFailedLeavesItsState() throws Exception { // CNI/17.3: for the DEL that follows
    plugin.bridge(1, ERROR);

    PluginProcess.Ended ended = plugin.run("ADD");

    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.error().text()).isEqualTo(ERROR);
    assertThat(plugin.state("c1")).hasContent(STATE);
  }

  @Test
  void eachInterfaceHasItsState() throws Exception { // B44
    plugin.run("ADD");
    Files.writeString(plugin.subnetFile(), PluginProcess.ENV.replace("1472", "1400"));
    plugin.with("CNI_IFNAME", "net1").run("ADD");

    plugin.with("CNI_IFNAME", "eth0").run("DEL");
    String first = Files.readString(plugin.asked());
    plugin.with("CNI_IFNAME", "net1").run("DEL");

    assertThat(first).isEqualTo("DEL c1 eth0\n" + STATE);
    assertThat(plugin.asked()).hasContent("DEL c1 net1\n" + STATE.replace("1472", "1400"));
    assertThat(names()).isEmpty();
  }

  @Test
  void upstreamsStateIsRead() throws Exception { // B44: containers that upstream's plugin added
    Files.createDirectory(plugin.data());
    Files.writeString(plugin.state("c1"), STATE);
    plugin.with("CNI_IFNAME", "net1").run("ADD");

    PluginProcess.Ended ended = plugin.with("CNI_IFNAME", "eth0").run("DEL");

    assertThat(ended.status()).isZero();
    assertThat(plugin.asked()).hasContent("DEL c1 eth0\n" + STATE);
    assertThat(names()).containsExactly("c1:net1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "no json", "[]", "{\"type\":", "{\"type\":7}"})
  void unreadableStateIsToldAndForgotten(String text) throws Exception { // CNI/17.4, B44
    Files.createDirectory(plugin.data());
    Files.writeString(plugin.state("c1"), text);

    PluginProcess.Ended ended = plugin.run("DEL");

    assertThat(ended.status()).isZero();
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err()).contains(plugin.state("c1") + " is no configuration of a delegate");
    assertThat(names()).isEmpty();
    assertThat(plugin.asked()).doesNotExist();
  }

  @Test
  void stateThatIsNoFileIsAnError() throws Exception { // CNI/17.4
    Files.createDirectories(plugin.state("c1"));

    PluginProcess.Ended ended = plugin.run("DEL");

    assertThat(ended.code()).isEqualTo(999);
  }

  @Test
  void aStateDirectoryThatIsNoneIsToldInWords() throws Exception { // CNI/17.5
    Files.createFile(plugin.data());

    assertThat(plugin.run("ADD").out())
        .contains(plugin.data() + ": is there already")
        .doesNotContain("Exception");
  }

  @Test
  void aPluginKilledWhileItWroteLeavesTheOldState() throws Exception { // B44
    plugin.run("ADD");
    Files.writeString(plugin.state(".c1:eth0"), "{\"half");

    assertThat(plugin.run("DEL").status()).isZero();
    assertThat(plugin.asked()).hasContent("DEL c1 eth0\n" + STATE);
    plugin.run("ADD");

    assertThat(names()).containsExactlyInAnyOrder("c1", "c1:eth0");
  }

  @Test
  void aPluginKilledBeforeItsLinkMovedDoesNotSpoilTheLiveState() throws Exception { // B44
    plugin.run("ADD");
    Files.createLink(plugin.state(".c1:eth0"), plugin.state("c1:eth0"));

    PluginProcess.Ended again = plugin.run("ADD");

    assertThat(again.status()).as(again.out()).isZero();
    assertThat(plugin.state("c1")).hasContent(STATE);
    assertThat(names()).containsExactlyInAnyOrder("c1", "c1:eth0");
    Files.createLink(plugin.state(".c1:eth0"), plugin.state("c1:eth0"));
    assertThat(plugin.run("DEL").status()).isZero();
    assertThat(plugin.state(".c1:eth0")).doesNotExist();
  }

  @Test
  void checkDelegates() throws Exception { // B45
    plugin.run("ADD");

    PluginProcess.Ended ended =
        plugin.run("CHECK", plugin.config("0.4.0", ",'prevResult':{'ips':[]}"));

    assertThat(ended.status()).as(ended.out()).isZero();
    assertThat(plugin.asked())
        .hasContent(
            "CHECK c1 eth0\n"
                + STATE.replace(
                    "\"type\":\"bridge\"", "\"prevResult\":{\"ips\":[]},\"type\":\"bridge\""));
  }

  @Test
  void checkLooksForTheGatewaysThatRoutesTook() throws Exception { // bridge finds no others
    plugin.run("ADD");

    plugin.run(
        "CHECK",
        plugin.config(
            "0.4.0",
            ",'prevResult':{'ips':[{'address':'10.1.17.5/24','gateway':'10.1.17.1'}],'routes':[{'dst':'10.1.0.0/16'},"
                + "{'dst':'10.2.0.0/16','gw':'10.1.17.9'},{'dst':'fc00::/48'}]}"));

    assertThat(plugin.asked())
        .content()
        .contains(
            "\"routes\":[{\"dst\":\"10.1.0.0/16\",\"gw\":\"10.1.17.1\"},{\"dst\":\"10.2.0.0/16\",\"gw\":\"10.1.17.9\"},"
                + "{\"dst\":\"fc00::/48\"}]");
  }

  @Test
  void checkOfAnUnknownContainerFails() throws Exception { // B45
    PluginProcess.Ended ended = plugin.run("CHECK");

    assertThat(ended.code()).isEqualTo(999);
    assertThat(ended.out()).contains("no ADD of container c1, interface eth0");
  }

  @Test
  void statusNeedsTheSubnetFile() throws Exception { // B45
    String config = plugin.config("1.1.0", "");
    PluginProcess.Ended good = plugin.run("STATUS", config);
    Files.delete(plugin.subnetFile());
    PluginProcess.Ended bad = plugin.run("STATUS", config);

    assertThat(good.status()).as(good.out()).isZero();
    assertThat(plugin.asked()).content().startsWith("STATUS c1 eth0\n{");
    assertThat(bad.status()).isEqualTo(1);
    assertThat(bad.code()).isEqualTo(50);
    assertThat(bad.out()).contains(plugin.subnetFile().toString());
  }

  @Test
  void garbageIsCollectedOfThisNetworkOnly() throws Exception { // B45
    plugin.run("ADD");
    plugin.with("CNI_CONTAINERID", "c2").run("ADD");
    plugin
        .with("CNI_CONTAINERID", "c3")
        .run("ADD", plugin.config("0.4.0", "").replace("cni-flannel", "other"));
    Files.writeString(plugin.state("c4"), STATE); // upstream's
    Files.writeString(plugin.state("c5"), "no json");
    String valid = "[{\"containerID\":\"c2\",\"ifname\":\"eth0\"}]";

    PluginProcess.Ended ended =
        plugin.run("GC", plugin.config("1.1.0", ",\"cni.dev/valid-attachments\":" + valid));

    assertThat(ended.status()).as(ended.out()).isZero();
    assertThat(plugin.asked())
        .content()
        .startsWith("GC ")
        .contains("\"cni.dev/valid-attachments\":" + valid);
    assertThat(names()).containsExactlyInAnyOrder("c2", "c2:eth0", "c3", "c3:eth0", "c5");
  }

  @Test
  void whatKilledPluginsHadPreparedIsCollected() throws Exception { // B45
    plugin.run("ADD");
    for (String name : List.of(".c8:eth0", ".c9:eth0", ".others")) {
      Files.writeString(plugin.state(name), "{\"half");
    }
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofMinutes(11)));
    Files.setLastModifiedTime(plugin.state(".c8:eth0"), old);
    Files.setLastModifiedTime(plugin.state(".others"), old);

    PluginProcess.Ended ended =
        plugin.run("GC", plugin.config("1.1.0", ",'cni.dev/valid-attachments':[]"));

    assertThat(ended.status()).as(ended.out()).isZero();
    assertThat(names()).containsExactlyInAnyOrder(".c9:eth0", ".others"); // being written; not ours
  }

  @ParameterizedTest // what Go makes of an empty list; of runtimes that do not know it
  @CsvSource({"',\"cni.dev/valid-attachments\":null',false", "'',true"})
  void runtimesWithoutAttachments(String given, boolean stays) throws Exception { // B45
    plugin.run("ADD");

    PluginProcess.Ended ended = plugin.run("GC", plugin.config("1.1.0", given));

    assertThat(ended.status()).as(ended.out()).isZero();
    assertThat(names().isEmpty()).isEqualTo(!stays);
    assertThat(plugin.asked()).content().startsWith(stays ? "ADD " : "GC ");
  }

  @Test
  void garbageIsCollectedBeforeTheDaemonHasASubnet() throws Exception { // B45: after a boot
    plugin.run("ADD");
    Files.delete(plugin.subnetFile());

    PluginProcess.Ended ended =
        plugin.run("GC", plugin.config("1.1.0", ",'cni.dev/valid-attachments':[]"));

    assertThat(ended.status()).as(ended.out()).isZero();
    assertThat(names()).isEmpty();
  }

  @Test
  void nothingIsForgottenIfTheDelegateCannotCollect() throws Exception { // B45
    plugin.run("ADD");
    plugin.bridge(1, ERROR);

    PluginProcess.Ended ended =
        plugin.run("GC", plugin.config("1.1.0", ",'cni.dev/valid-attachments':[]"));

    assertThat(ended.error().text()).isEqualTo(ERROR);
    assertThat(names()).containsExactlyInAnyOrder("c1", "c1:eth0");
  }

  @ParameterizedTest
  @CsvSource({"CHECK,0.3.1", "STATUS,1.0.0", "GC,1.0.0", "ADD,0.9.9", "DEL,2.0.0", "CHECK,''"})
  void commandsNeedTheirVersion(String command, String version) throws Exception { // CNI/17.4
    PluginProcess.Ended ended = plugin.run(command, plugin.config(version, ""));

    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.code()).isEqualTo(1);
    assertThat(plugin.asked()).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
  void everyVersionCanAdd(String version) throws Exception { // CNI/17.4
    assertThat(plugin.run("ADD", plugin.config(version, "")).status()).isZero();
    assertThat(plugin.asked()).content().contains("{\"cniVersion\":\"" + version + "\"");
  }

  @Test
  void version() throws Exception { // CNI/17.4
    PluginProcess.Ended ended = plugin.with("CNI_PATH", "").run("VERSION", "");

    assertThat(ended.status()).isZero();
    assertThat(ended.out())
        .isEqualTo(
            "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.1.0\",\"0.2.0\",\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\","
                + "\"1.1.0\"]}\n");
  }

  @Test
  void withoutACommandItSaysWhatItIs() throws Exception { // CNI/17.4
    PluginProcess.Ended ended = plugin.run("");

    assertThat(ended.status()).isZero();
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err())
        .contains("CNI plugin flannel", "0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0");
  }

  @ParameterizedTest
  @CsvSource({
    "ADD,CNI_CONTAINERID",
    "ADD,CNI_NETNS",
    "ADD,CNI_IFNAME",
    "ADD,CNI_PATH",
    "CHECK,CNI_CONTAINERID",
    "CHECK,CNI_NETNS",
    "CHECK,CNI_IFNAME",
    "CHECK,CNI_PATH",
    "DEL,CNI_CONTAINERID",
    "DEL,CNI_IFNAME",
    "DEL,CNI_PATH",
    "STATUS,CNI_PATH",
    "GC,CNI_PATH",
    "NONSENSE,CNI_PATH"
  })
  void aMissingVariableIsNamed(String command, String variable) throws Exception { // CNI/17.4
    PluginProcess.Ended ended = plugin.with(variable, "").run(command);

    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.code()).isEqualTo(4);
    assertThat(ended.out()).contains("[" + variable + "]");
  }

  @Test
  void delNeedsNoNamespace() throws Exception { // CNI/17.4
    plugin.run("ADD");

    assertThat(plugin.with("CNI_NETNS", "").run("DEL").status()).isZero();
  }

  @Test
  void unknownCommand() throws Exception { // CNI/17.4
    assertThat(plugin.run("UPDATE").code()).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../c1", "/etc/passwd", ".", "..", "-c", "a b", "a:b", "c\n", "é", "a;b", "$(id)"})
  void hostileContainerIds(String id) throws Exception { // CNI/17.4
    assertRefused(4, plugin.with("CNI_CONTAINERID", id).run("ADD"));
    assertRefused(4, plugin.with("CNI_CONTAINERID", id).run("DEL"));
  }

  @Test
  void aNameThatTheLocaleCannotWrite() throws Exception { // CNI/17.5
    assertRefused(999, plugin.with("LC_ALL", "POSIX").with("CNI_IFNAME", "é").run("ADD"));
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "..", "a/b", "a:b", "a b", "a\tb", "0123456789abcdef"})
  void hostileInterfaceNames(String name) throws Exception { // CNI/17.4
    assertRefused(4, plugin.with("CNI_IFNAME", name).run("ADD"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../x", "a b", "-a", "a/b"})
  void hostileNetworkNames(String name) throws Exception { // CNI/17.4, 17.5
    assertRefused(7, plugin.run("ADD", plugin.config("0.4.0", "").replace("cni-flannel", name)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no json",
        "[]",
        "null",
        "{\"name\":7}",
        "{\"name\":\"n\",\"cniVersion\":4}",
        "{} {}"
      })
  void inputThatIsNoConfiguration(String input) throws Exception { // CNI/17.5
    assertRefused(6, plugin.run("ADD", input));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ",'delegate':'x'",
        ",'delegate':{'name':'x'}",
        ",'delegate':{'ipam':{}}",
        ",'delegate':{'type':7}",
        ",'ipam':7",
        ",'runtimeConfig':7",
        ",'delegate':{'type':'absent'}",
        ",'delegate':{'type':'../bridge'}",
        ",'delegate':{'type':''}",
        ",'delegate':{'type':'/bin/true'}",
        ",'delegate':{'type':'data'}",
        ",'ipam':{'routes':7}"
      })
  void badConfigurations(String more) throws Exception { // CNI/17.5
    assertRefused(999, plugin.run("ADD", plugin.config("0.4.0", more)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"foo=bar", "FLANNEL_MTU", "FLANNEL_MTU=x"})
  void badSubnetFiles(String text) throws Exception { // CNI/17.2, C7
    Files.writeString(plugin.subnetFile(), text);

    assertRefused(999, plugin.run("ADD"));
  }

  @Test
  void missingSubnetFile() throws Exception { // CNI/17.5
    Files.delete(plugin.subnetFile());

    PluginProcess.Ended ended = plugin.run("ADD");

    assertRefused(999, ended);
    assertThat(ended.out()) // upstream's words
        .contains("open " + plugin.subnetFile() + ": no such file or directory (is flanneld");
  }

  @Test
  void bytesThatAreNoText() throws Exception { // CNI/17.4: the pod would stay Terminating
    byte[] latin = {'c', 'a', 'f', (byte) 0xe9, '\n'};
    plugin.run("ADD");
    plugin.with("CNI_CONTAINERID", "c2").run("ADD");
    Files.write(plugin.state("c1"), latin);
    Files.write(plugin.state("c9"), latin);
    Files.writeString(plugin.subnetFile(), "# ");
    Files.write(plugin.subnetFile(), latin, StandardOpenOption.APPEND);
    Files.writeString(plugin.subnetFile(), PluginProcess.ENV, StandardOpenOption.APPEND);

    PluginProcess.Ended gone = plugin.with("CNI_CONTAINERID", "c1").run("DEL");
    PluginProcess.Ended collected =
        plugin.run("GC", plugin.config("1.1.0", ",'cni.dev/valid-attachments':[]"));

    assertThat(gone.status()).as(gone.out()).isZero();
    assertThat(gone.err()).contains("is no configuration of a delegate");
    assertThat(collected.status()).as(collected.out()).isZero();
    assertThat(names()).containsExactly("c9");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "boom", "{\"a\":1}", "[1]"})
  void aDelegateWithoutAnErrorObject(String prints) throws Exception { // CNI/17.5
    plugin.bridge(3, prints);

    PluginProcess.Ended ended = plugin.run("ADD");

    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.code()).isEqualTo(999);
    assertThat(ended.out()).contains("bridge").contains("status 3");
  }

  @Test // CNI/17.5
  void aDelegateThatNeverEndsItsAnswer() throws Exception {
    plugin.bridge(0, "\nEND\nyes\ncat <<'END'");

    PluginProcess.Ended ended = plugin.run("ADD");

    assertThat(ended.code()).isEqualTo(999);
    assertThat(ended.out()).contains("bridge", "more than 1048576 bytes");
  }

  @Test
  void aSubnetFileThatIsNone() throws Exception { // CNI/17.5
    Files.delete(plugin.subnetFile());
    Files.createDirectory(plugin.subnetFile());

    PluginProcess.Ended ended = plugin.run("ADD");

    assertRefused(999, ended);
    assertThat(ended.out()).contains(plugin.subnetFile() + ": Is a directory");
  }

  @Test
  void aDelegatesResultMustBeJson() throws Exception { // CNI/17.3
    plugin.bridge(0, "done");

    assertThat(plugin.run("ADD").code()).isEqualTo(999);
  }

  @Test
  void largeConfigurationsPass() throws Exception {
    String large = "x".repeat(300_000);

    assertThat(
            plugin.run("ADD", plugin.config("0.4.0", ",'delegate':{'x':'" + large + "'}")).status())
        .isZero();
    assertThat(plugin.asked()).content().contains(large);
  }

  @Test
  void theOwnNamespaceIsRefused() throws Exception { // CNI/17.4
    plugin.with("CNI_NETNS", "/proc/self/ns/net");

    assertThat(plugin.run("ADD").code()).isEqualTo(8);
    assertThat(plugin.run("DEL").code()).isEqualTo(8);
    assertThat(plugin.with("CNI_NETNS_OVERRIDE", "true").run("ADD").status()).isZero();
    assertThat(plugin.with("CNI_NETNS_OVERRIDE", "1").run("DEL").status()).isZero();
  }

  @Test
  void errorsHaveUpstreamsShape() throws Exception { // CNI/17.5
    PluginProcess.Ended ended = plugin.with("CNI_CONTAINERID", "a b").run("ADD");

    assertThat(ended.out())
        .isEqualTo(
            "{\n  \"code\": 4,\n  \"msg\": \"invalid characters in CNI_CONTAINERID\",\n  \"details\": \"a b\"\n}\n");
  }

  private void assertRefused(long code, PluginProcess.Ended ended) {
    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.code()).isEqualTo(code);
    assertThat(ended.error().member("msg")).isPresent();
    assertThat(plugin.asked()).doesNotExist();
  }

  private List<String> names() throws IOException {
    if (Files.notExists(plugin.data())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(plugin.data())) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
