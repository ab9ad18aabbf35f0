// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.cli.CommandLine.Bad;
import io.jflannel.flanneld.cli.CommandLine.Help;
import io.jflannel.flanneld.cli.CommandLine.Run;
import io.jflannel.flanneld.cli.CommandLine.Version;
import io.jflannel.flanneld.config.Options;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Spec 1.1 to 1.4, 1.7, 1.8 and golden/control-plane.md section 1. */
class FlanneldFlagsTest {

  private static final String MARGIN =
      "Invalid subnet-lease-renew-margin option, out of acceptable range (1 to 1439 minutes)";

  @Test
  void defaults() { // 1.1
    Options options = options("");

    assertThat(options)
        .isEqualTo(
            new Options(
                new Options.Etcd(
                    List.of("http://127.0.0.1:4001", "http://127.0.0.1:2379"),
                    "/coreos.com/network",
                    "",
                    "",
                    "",
                    "",
                    "",
                    Options.EtcdApi.AUTO),
                new Options.Kubernetes(
                    false,
                    "",
                    "flannel.alpha.coreos.com",
                    "",
                    Path.of("/etc/kube-flannel/net-conf.json"),
                    true),
                new Options.Health("0.0.0.0", 0),
                List.of(),
                List.of(),
                "",
                Path.of("/run/flannel/subnet.env"),
                "",
                "",
                Duration.ofMinutes(60),
                new Options.Traffic(
                    false,
                    true,
                    true,
                    Optional.empty(),
                    Options.IptablesMode.AUTO,
                    Options.BridgeNetfilter.REQUIRE),
                Duration.ofSeconds(5),
                false,
                0,
                Options.LogFormat.KLOG,
                Optional.empty(),
                Options.OnLeaseLost.FOLLOW,
                Optional.empty(),
                Options.NexthopObjects.AUTO,
                Options.UdpDatapath.AUTO,
                Optional.empty()));
  }

  @Test
  void everyFlagArrives() {
    Options options =
        options(
            "-etcd-endpoints=https://a:1,,https://b:2 -etcd-prefix /p -etcd-keyfile k"
                + " -etcd-certfile c -etcd-cafile ca -etcd-username u -etcd-password pw"
                + " -etcd-api v2 -kube-api-url http://k -kube-annotation-prefix x.y"
                + " -kubeconfig-file kc -net-config-path /n -set-node-network-unavailable=false"
                + " -healthz-ip :: -healthz-port 8081 -iface eth0 -iface-regex ^e -iface-can-reach"
                + " 8.8.8.8 -subnet-file /s -public-ip 1.2.3.4 -public-ipv6 fd00::1"
                + " -subnet-lease-renew-margin 7 -ip-masq -ip-masq-fully-random-disable"
                + " -iptables-resync 9 -iptables-forward-rules=0 -ip-blackhole-route -v 3"
                + " -log-format json -local-store /l -on-lease-lost exit -status-file /st"
                + " -nexthop-objects never -instance blue -iptables-mode legacy"
                + " -bridge-netfilter warn -cni-template /t -cni-output /o.conflist");

    assertThat(options)
        .isEqualTo(
            new Options(
                new Options.Etcd(
                    List.of("https://a:1", "", "https://b:2"),
                    "/p",
                    "k",
                    "c",
                    "ca",
                    "u",
                    "pw",
                    Options.EtcdApi.V2),
                new Options.Kubernetes(false, "http://k", "x.y", "kc", Path.of("/n"), false),
                new Options.Health("::", 8081),
                List.of("eth0"),
                List.of("^e"),
                "8.8.8.8",
                Path.of("/s"),
                "1.2.3.4",
                "fd00::1",
                Duration.ofMinutes(7),
                new Options.Traffic(
                    true,
                    false,
                    false,
                    Optional.of("blue"),
                    Options.IptablesMode.LEGACY,
                    Options.BridgeNetfilter.WARN),
                Duration.ofSeconds(9),
                true,
                3,
                Options.LogFormat.JSON,
                Optional.of(Path.of("/l")),
                Options.OnLeaseLost.EXIT,
                Optional.of(Path.of("/st")),
                Options.NexthopObjects.NEVER,
                Options.UdpDatapath.AUTO,
                Optional.of(new Options.Cni(Path.of("/t"), Path.of("/o.conflist")))));
  }

  @ParameterizedTest // golden, first table; ODD-1: status 2 instead of 0
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "--nosuch | flag provided but not defined: -nosuch",
        "-logtostderr | flag provided but not defined: -logtostderr", // CLI-1
        "-log_dir=/x | flag provided but not defined: -log_dir",
        "-use-multi-cluster-cidr | flag provided but not defined: -use-multi-cluster-cidr",
        "--healthz-port=abc | invalid value \"abc\" for flag -healthz-port: parse error",
        "-ip-masq=maybe | invalid boolean value \"maybe\" for -ip-masq: parse error",
        "-ip-masq=yes | invalid boolean value \"yes\" for -ip-masq: parse error",
        "-ip-masq=TrUe | invalid boolean value \"TrUe\" for -ip-masq: parse error",
        "-iface | flag needs an argument: -iface",
        "---name | bad flag syntax: ---name",
        "-=x | bad flag syntax: -=x",
        "-v 0x10 | invalid value \"0x10\" for flag -v: strconv.ParseInt: parsing \"0x10\": invalid syntax",
        "-log_backtrace_at x | invalid value \"x\" for flag -log_backtrace_at: syntax error: expect file.go:234",
        "-vmodule a=b | invalid value \"a=b\" for flag -vmodule: syntax error: expect comma-separated list of filename=N",
        "-subnet-lease-renew-margin=_5 | invalid value \"_5\" for flag -subnet-lease-renew-margin: parse error",
        "-etcd-api v4 | invalid value \"v4\" for flag -etcd-api: expect auto, v2 or v3",
        "-on-lease-lost= | invalid value \"\" for flag -on-lease-lost: expect follow or exit",
        "-log-format text | invalid value \"text\" for flag -log-format: expect klog or json",
        "-nexthop-objects on | invalid value \"on\" for flag -nexthop-objects: expect auto or never",
        "-version=maybe | invalid boolean value \"maybe\" for -version: parse error",
      })
  void malformedFlags(String line, String message) {
    assertThat(read(line)).isEqualTo(new Bad(2, message, usage()));
  }

  @Test
  void aBlankInFrontOfANumberIsAParseError() { // golden: " 5"
    assertThat(FlanneldFlags.read("p", List.of("-subnet-lease-renew-margin", " 5"), Map.of()))
        .isEqualTo(
            new Bad(
                2,
                "invalid value \" 5\" for flag -subnet-lease-renew-margin: parse error",
                ((Help) FlanneldFlags.read("p", List.of("-h"), Map.of())).usage()));
  }

  @ParameterizedTest // 1.8, golden
  @ValueSource(
      strings = {
        "--version",
        "-version",
        "-version=true",
        "-v 10 -iface eth0 --version",
        "--version -subnet-lease-renew-margin 0"
      })
  void version(String line) {
    assertThat(read(line, "FLANNELD_HEALTHZ_PORT=zz")).isEqualTo(new Version());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-h", "-help", "--help", "-ip-masq --help"})
  void help(String line) {
    assertThat(read(line)).isEqualTo(new Help(usage()));
  }

  @ParameterizedTest // golden: type and default of each of upstream's flags, in order
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      emptyValue = "",
      value = {
        "etcd-cafile | string | ``",
        "etcd-certfile | string | ``",
        "etcd-endpoints | string | \"http://127.0.0.1:4001,http://127.0.0.1:2379\"",
        "etcd-keyfile | string | ``",
        "etcd-password | string | ``",
        "etcd-prefix | string | \"/coreos.com/network\"",
        "etcd-username | string | ``",
        "healthz-ip | string | \"0.0.0.0\"",
        "healthz-port | int | ``",
        "iface | value | ``",
        "iface-can-reach | string | ``",
        "iface-regex | value | ``",
        "ip-blackhole-route | `` | ``",
        "ip-masq | `` | ``",
        "ip-masq-fully-random-disable | `` | ``",
        "iptables-forward-rules | `` | true",
        "iptables-resync | int | 5",
        "kube-annotation-prefix | string | \"flannel.alpha.coreos.com\"",
        "kube-api-url | string | ``",
        "kube-subnet-mgr | `` | ``",
        "kubeconfig-file | string | ``",
        "log_backtrace_at | value | ``",
        "net-config-path | string | \"/etc/kube-flannel/net-conf.json\"",
        "public-ip | string | ``",
        "public-ipv6 | string | ``",
        "set-node-network-unavailable | `` | true",
        "subnet-file | string | \"/run/flannel/subnet.env\"",
        "subnet-lease-renew-margin | int | 60",
        "v | value | ``",
        "version | `` | ``",
        "vmodule | value | ``",
        "etcd-api | string | \"auto\"",
        "local-store | string | ``",
        "log-format | string | \"klog\"",
        "nexthop-objects | string | \"auto\"",
        "on-lease-lost | string | \"follow\"",
        "status-file | string | ``",
      })
  void usageShowsTypeAndDefault(String flag, String type, String shown) { // CLI-4
    String usage = usage();
    String head = "\n  -" + flag + (type.isEmpty() ? "" : " " + type) + "\n    \t";
    assertThat(usage).contains(head);
    String description =
        usage.substring(usage.indexOf(head) + head.length()).lines().findFirst().orElseThrow();

    if (shown.isEmpty()) {
      assertThat(description).isNotBlank().doesNotContain("(default");
    } else {
      assertThat(description).endsWith(" (default " + shown + ")");
    }
  }

  @Test
  void usageListsAllFlagsInAlphabeticalOrder() { // CLI-4
    List<String> lines = usage().lines().toList();
    List<String> names =
        lines.stream().filter(l -> l.startsWith("  -")).map(l -> l.split(" ", -1)[2]).toList();

    assertThat(lines.getFirst()).isEqualTo("Usage: /opt/bin/flanneld [OPTION]...");
    assertThat(lines).hasSize(1 + 2 * 43);
    assertThat(names).hasSize(43).isSorted();
    assertThat(usage()).endsWith("\n").doesNotContain("\n\n");
  }

  @ParameterizedTest // 1.8, golden second table, CLI-9
  @ValueSource(
      strings = {
        "-subnet-lease-renew-margin 0",
        "-subnet-lease-renew-margin 1440",
        "-subnet-lease-renew-margin -5",
        "-subnet-lease-renew-margin 9223372036854775807",
        "-subnet-lease-renew-margin 0 -iptables-resync 0 -kube-subnet-mgr -public-ip x",
      })
  void marginOutOfRange(String line) {
    assertThat(read(line)).isEqualTo(new Bad(1, MARGIN, ""));
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1439, 1439", "1_0, 10", "0b11, 3", "0x10, 16", "010, 8"})
  void marginForms(String text, int minutes) {
    assertThat(options("-subnet-lease-renew-margin " + text).renewMargin())
        .isEqualTo(Duration.ofMinutes(minutes));
    assertThat(options("", "FLANNELD_SUBNET_LEASE_RENEW_MARGIN=" + text).renewMargin())
        .isEqualTo(Duration.ofMinutes(minutes));
  }

  @Test
  void theMarginFromTheEnvironmentIsCheckedToo() {
    assertThat(read("", "FLANNELD_SUBNET_LEASE_RENEW_MARGIN=0"))
        .isEqualTo(
            new Bad(1, MARGIN + " (from the environment: FLANNELD_SUBNET_LEASE_RENEW_MARGIN)", ""));
    assertThat(
            options("-subnet-lease-renew-margin 5", "FLANNELD_SUBNET_LEASE_RENEW_MARGIN=0")
                .renewMargin())
        .isEqualTo(Duration.ofMinutes(5)); // flag wins
  }

  @ParameterizedTest // ODD-4, ODD-12, ODD-51, IF-1, IF-10
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "-iptables-resync 0 | Invalid iptables-resync option 0: must be a number of seconds from 1",
        "-iptables-resync=-1 | Invalid iptables-resync option -1: must be",
        "-iptables-resync 2147483648 | Invalid iptables-resync option 2147483648: must be",
        "-healthz-port 65536 | Invalid healthz-port option 65536: a port is at most 65535",
        "-cni-template /t | Flags -cni-template and -cni-output belong together",
        "-cni-output /o.conflist | Flags -cni-template and -cni-output belong together",
        "-cni-template /t -cni-output /o.conf | Invalid cni-output option: \"/o.conf\" does not end in .conflist",
        "-cni-template /a/o.conflist -cni-output /a/./o.conflist | Invalid cni-output option: it is the file",
        "-healthz-port 70000 | Invalid healthz-port option 70000",
        "-public-ip eth0 | Invalid public-ip option: \"eth0\" is no IP address",
        "-public-ip bogus -iface eth0 | Invalid public-ip option: \"bogus\" is no IP address",
        "-public-ip 1.2.3.04 | Invalid public-ip option: \"1.2.3.04\" is no IP address",
        "-public-ip fd77::1 | Invalid public-ip option: \"fd77::1\" is an IPv6 address, must be an IPv4 address",
        "-public-ip 0.0.0.0 | Invalid public-ip option: no node can be reached at \"0.0.0.0\"",
        "-public-ip 224.0.0.1 | Invalid public-ip option: no node can be reached",
        "-public-ip 255.255.255.255 | Invalid public-ip option: no node can be reached",
        "-public-ipv6 1.2.3.4 | Invalid public-ipv6 option: \"1.2.3.4\" is an IPv4 address, must be an IPv6 address",
        "-public-ipv6 ::ffff:1.2.3.4 | Invalid public-ipv6 option: \"::ffff:1.2.3.4\" is no IP address",
        "-public-ipv6 fe80::1%eth0 | Invalid public-ipv6 option: \"fe80::1%eth0\" is no IP address",
        "-public-ipv6 :: | Invalid public-ipv6 option: no node can be reached",
        "-public-ipv6 ff02::1 | Invalid public-ipv6 option: no node can be reached",
        "-subnet-file= | Invalid subnet-file option: it is empty",
        "-iface-regex ( | No interface can be chosen: --iface-regex=(: no regular expression: Unclosed group",
        "-iface-regex [ -iface-regex * | No interface can be chosen: --iface-regex=[: no regular expression: Unclosed character class; --iface-regex=*: no",
        "-iface-can-reach gw.example | No interface can be chosen: --iface-can-reach=gw.example: no IP address",
        "-iface-regex ( -iface-can-reach 1.2.3 | No interface can be chosen: --iface-regex=(: no regular expression: Unclosed group; --iface-can-reach=1.2.3: no IP address",
        "-kube-subnet-mgr -local-store /x | Flags -kube-subnet-mgr and -local-store name two stores",
      })
  void valuesNoDaemonCanRunWith(String line, String message) {
    assertThat(read(line))
        .isInstanceOfSatisfying(
            Bad.class,
            bad -> {
              assertThat(bad.status()).isEqualTo(1);
              assertThat(bad.message()).startsWith(message);
              assertThat(bad.usage()).isEmpty();
            });
  }

  @ParameterizedTest // golden 8: a bad candidate among others is passed over
  @ValueSource(
      strings = {
        "-iface eth9 -iface-regex [ -iface-regex ^eth",
        "-iface eth0 -iface-regex (",
        "-iface= -iface-can-reach nosuch",
        "-iface-regex= -iface-regex (",
        "-iface-regex ( -iface-can-reach 8.8.8.8",
        "-iface-regex ^[[:word:]]+$",
      })
  void candidatesOfWhichOneMayBeAnInterface(String line) {
    assertThat(read(line)).isInstanceOf(Run.class);
  }

  @Test
  void aPathThatIsNoneIsNamed() {
    assertThat(FlanneldFlags.read("p", List.of("-subnet-file", "a\u0000b"), Map.of()))
        .isInstanceOfSatisfying(
            Bad.class,
            bad ->
                assertThat(bad.message())
                    .startsWith("Invalid subnet-file option: \"a\\x00b\" is no path"));
  }

  @ParameterizedTest
  @CsvSource({"-5, 0", "0, 0", "1, 1", "65535, 65535", "-9223372036854775808, 0"})
  void healthPort(String text, int port) {
    assertThat(options("-healthz-port " + text).health().port()).isEqualTo(port);
  }

  @ParameterizedTest // golden second table, CLI-5, ODD-2
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "FLANNELD_SUBNET_LEASE_RENEW_MARGIN=abc | invalid value \"abc\" in the environment variable FLANNELD_SUBNET_LEASE_RENEW_MARGIN for flag -subnet-lease-renew-margin: parse error",
        "FLANNELD_IPTABLES_FORWARD_RULES=maybe FLANNELD_IP_MASQ=T | invalid value \"maybe\" in the environment variable FLANNELD_IPTABLES_FORWARD_RULES for flag -iptables-forward-rules: parse error",
        "FLANNELD_HEALTHZ_PORT=zz FLANNELD_PUBLIC_IP=1.2.3.4 | invalid value \"zz\" in the environment variable FLANNELD_HEALTHZ_PORT for flag -healthz-port: parse error",
        "FLANNELD_HEALTHZ_PORT=tcp://10.0.0.1:80 | invalid value \"tcp://10.0.0.1:80\" in the environment variable FLANNELD_HEALTHZ_PORT for flag -healthz-port: parse error",
        "FLANNELD_V=0x1 | invalid value \"0x1\" in the environment variable FLANNELD_V for flag -v: strconv.ParseInt: parsing \"0x1\": invalid syntax",
        "FLANNELD_LOG_BACKTRACE_AT=x | invalid value \"x\" in the environment variable FLANNELD_LOG_BACKTRACE_AT for flag -log_backtrace_at: syntax error: expect file.go:234",
        "FLANNELD_ETCD_API=v4 | invalid value \"v4\" in the environment variable FLANNELD_ETCD_API for flag -etcd-api: expect auto, v2 or v3",
      })
  void anUnparsableVariableIsAnErrorThatNamesIt(String environment, String message) {
    assertThat(read("", environment.split(" "))).isEqualTo(new Bad(2, message, ""));
  }

  @Test
  void allUnparsableVariablesAreNamed() {
    assertThat(read("", "FLANNELD_HEALTHZ_PORT=zz", "FLANNELD_IP_MASQ=maybe"))
        .isInstanceOfSatisfying(
            Bad.class,
            bad ->
                assertThat(bad.message().lines())
                    .satisfiesExactly(
                        line -> assertThat(line).contains("FLANNELD_HEALTHZ_PORT"),
                        line -> assertThat(line).contains("FLANNELD_IP_MASQ")));
  }

  @Test
  void anUnparsableVariableOfAGivenFlagIsNotRead() {
    assertThat(options("-healthz-port 7", "FLANNELD_HEALTHZ_PORT=zz").health().port()).isEqualTo(7);
  }

  @Test
  void environmentAndCommandLineRules() { // CLI-5, golden second table
    assertThat(options("", "FLANNELD_IFACE=a,b").ifaces()).containsExactly("a,b");
    assertThat(options("-iface x", "FLANNELD_IFACE=a").ifaces()).containsExactly("x");
    assertThat(options("", "FLANNELD_IFACE=").ifaces()).isEmpty(); // IF-2
    assertThat(options("-iface=").ifaces()).containsExactly(""); // IF-2
    assertThat(options("-iface a --iface=b -iface c,d").ifaces()).containsExactly("a", "b", "c,d");
    assertThat(options("-etcd-prefix=", "FLANNELD_ETCD_PREFIX=/envp").etcd().prefix()).isEmpty();
    assertThat(options("", "FLANNELD_ETCD_PREFIX=", "flanneld_etcd_prefix=/x").etcd().prefix())
        .isEqualTo("/coreos.com/network");
    assertThat(options("", "FLANNELD_ETCD_ENDPOINTS=a,b").etcd().endpoints())
        .containsExactly("a", "b");
    assertThat(options("", "FLANNELD_V=4").verbosity()).isEqualTo(4);
    assertThat(options("", "FLANNELD_IP_MASQ=T").traffic().masquerade()).isTrue();
    assertThat(options("", "FLANNELD_LOCAL_STORE=/l").localStore()).contains(Path.of("/l"));
    assertThat(options("", "FLANNEL_ETCD_PREFIX=/x", "ETCD_PREFIX=/y").etcd().prefix())
        .isEqualTo("/coreos.com/network");
  }

  @ParameterizedTest // CLI-5
  @ValueSource(strings = {"FLANNELD_VERSION=true", "FLANNELD_VERSION=v0.28.9"})
  void theVersionVariableHasNoEffect(String variable) {
    assertThat(read("", variable)).isInstanceOf(Run.class);
  }

  @ParameterizedTest // 1.8, golden
  @ValueSource(strings = {"-- --version", "- -iface x", "foo -iface x"})
  void whatFollowsTheFlagsIsIgnored(String line) {
    assertThat(options(line).ifaces()).isEmpty();
  }

  @Test
  void aBoolTakesNoSeparateValue() { // 1.8
    Run run = (Run) read("-ip-masq false -iface eth0 -etcd-password hush");

    assertThat(run.options().traffic().masquerade()).isTrue();
    assertThat(run.options().ifaces()).isEmpty();
    assertThat(run.warnings())
        .anySatisfy(warning -> assertThat(warning).startsWith("Ignoring 5 argument(s)"))
        .noneSatisfy(warning -> assertThat(warning).contains("hush"));
  }

  @Test
  void aVariableThatBelongsToNoFlagIsWarnedAbout() {
    Run run =
        (Run) read("", "FLANNELD_ETCD_ENDPOINT=x", "FLANNELD_VERSION=1", "FLANNEL_MTU=1", "HOME=/");

    assertThat(run.warnings())
        .containsExactly("The environment variable FLANNELD_ETCD_ENDPOINT belongs to no flag");
  }

  @Test
  void verbosityAndInterfacesInOrder() { // 1.8
    Options options = options("-v 10 -iface eth0 --iface=eth1");

    assertThat(options.verbosity()).isEqualTo(10);
    assertThat(options.ifaces()).containsExactly("eth0", "eth1");
  }

  @Test
  void flagsWithoutEffectAreWarnedAbout() {
    assertThat(((Run) read("-vmodule a=1 -log_backtrace_at=m.go:1")).warnings())
        .satisfiesExactly(
            w -> assertThat(w).contains("-vmodule"),
            w -> assertThat(w).contains("-log_backtrace_at"));
    assertThat(((Run) read("-local-store /l", "FLANNELD_ETCD_PREFIX=/p")).warnings())
        .containsExactly("Flag -etcd-prefix has no effect beside -local-store");
    assertThat(((Run) read("-kube-api-url x -kubeconfig-file y")).warnings()).isEmpty();
  }

  @ParameterizedTest // ODD-3, P37
  @ValueSource(
      strings = {
        "-etcd-password s3cret",
        "-etcd-password=s3cret -healthz-port 70000",
        "-etcd-password s3cret -nosuch",
        "-etcd-password s3cret -h",
        "--etcd-passwort=s3cret",
        "---etcd-password=s3cret",
        "-ip-masq s3cret",
        "-etcd-endpoints http://root:s3cret@a:1,https://root:s3cret@b:2",
        "-etcd-endpoints http://root:s3c,s3cret@a:1,http://b/s3cret@c",
        "-etcd-endpoints root:s3cret@a:1",
        "-kube-api-url https://root:s3cret@k",
      })
  void noSecretIsShown(String line) {
    assertThat(read(line).toString()).doesNotContain("s3c").isNotEmpty();
    assertThat(read("", "FLANNELD_ETCD_PASSWORD=s3cret").toString()).doesNotContain("s3cret");
  }

  private static String usage() {
    return ((Help) read("-h")).usage();
  }

  private static Options options(String line, String... environment) {
    return ((Run) read(line, environment)).options();
  }

  private static CommandLine read(String line, String... environment) {
    List<String> arguments = line.isEmpty() ? List.of() : Arrays.asList(line.split(" ", -1));
    Map<String, String> variables = new LinkedHashMap<>();
    for (String variable : environment) {
      int equals = variable.indexOf('=');
      variables.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return FlanneldFlags.read("/opt/bin/flanneld", arguments, variables);
  }
}
