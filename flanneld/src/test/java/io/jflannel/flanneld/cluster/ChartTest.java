// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.kubelab.ApiServer;
import io.jflannel.flanneld.kubelab.Kubelab;
import io.jflannel.json.Json;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** {@code packaging/chart}, rendered by helm itself. */
class ChartTest {

  private static Path helm = Path.of("helm");

  @BeforeAll
  static void findHelm() {
    helm = Kubelab.binary().resolveSibling("helm");
    assertThat(Files.isExecutable(helm)).as("scripts/kubelab.sh builds helm, too").isTrue();
  }

  private static Kubelab.Outcome template(String... values) {
    return template(List.of(), values);
  }

  private static Kubelab.Outcome template(List<String> options, String... values) {
    List<String> line =
        new ArrayList<>(
            List.of(
                helm.toString(),
                "template",
                "flannel",
                "../packaging/chart",
                "-n",
                "kube-flannel",
                "--kube-version=1.34.4"));
    line.addAll(options);
    for (String value : values) {
      line.addAll(List.of("--set-json", value));
    }
    return Kubelab.run(line, Map.of(), "");
  }

  /** Objects by kind. */
  private static Map<String, Object> objects(String yaml) {
    Map<String, Object> objects = new TreeMap<>();
    for (Object object : new Load(LoadSettings.builder().build()).loadAllFromString(yaml)) {
      if (object instanceof Map<?, ?> map) {
        objects.put(String.valueOf(map.get("kind")), map);
      }
    }
    return objects;
  }

  /** JSON texts in it are compared as what they mean; {@code k8s-app} is in no chart of flannel. */
  private static Object meaning(Object object) {
    return switch (object) {
      case Map<?, ?> map -> {
        Map<Object, Object> meaning = new LinkedHashMap<>();
        map.forEach((key, value) -> {
          if (!key.equals("k8s-app") && !key.equals("checksum/config")) {
            meaning.put(key, meaning(value));
          }
        });
        meaning.values().removeIf(value -> value instanceof Map<?, ?> inner && inner.isEmpty());
        yield meaning;
      }
      case List<?> list -> list.stream().map(ChartTest::meaning).toList();
      case String text when text.strip().startsWith("{") ->
          objects("kind: x\nobject: " + Json.parse(text).text());
      default -> object;
    };
  }

  private static Object field(Object map, String name) {
    return Objects.requireNonNull(((Map<?, ?>) map).get(name), name);
  }

  @Test
  void theChartRendersTheManifest() {
    Map<String, Object> manifest = objects(Site.packaging("kube-flannel.yml"));
    manifest.remove("Namespace"); // helm's --create-namespace

    Map<String, Object> chart = objects(template().orThrow());

    assertThat(chart.keySet()).isEqualTo(manifest.keySet());
    manifest.forEach((kind, object) ->
        assertThat(meaning(chart.getOrDefault(kind, "none"))).as(kind).isEqualTo(meaning(object)));
  }

  @Test
  void whatItRendersIsAcceptedByAnApiServer() {
    ApiServer api = ApiServer.shared();
    api.grant();

    api.apply(template().orThrow());

    assertThat(api.kubectl("-n", "kube-flannel", "get", "daemonset", "-o", "name"))
        .contains("daemonset.apps/kube-flannel-ds");
  }

  @Test // 10.4
  void withoutHealthPortThereAreNoProbes() {
    String rendered = template("flannel.healthz.port=0").orThrow();

    assertThat(rendered).doesNotContain("healthz", "Probe");
    assertThat(template("flannel.healthz.port=9000").orThrow())
        .contains("--healthz-port=9000", "path: /healthz", "path: /readyz", "port: 9000");
  }

  @Test
  void whoWritesTheCniConfigurationThemselvesIsLeftAlone() {
    assertThat(template("flannel.skipCNIConfigInstallation=true").orThrow())
        .doesNotContain("--cni-", "/etc/cni/net.d")
        .contains("/opt/cni/bin");
  }

  @Test
  void valuesGetWhereTheyBelong() {
    assertThat(
            template(
                    "flannel.image={\"repository\":\"r.example/x\",\"tag\":\"7\"}",
                    "global.imagePullSecrets=[{\"name\":\"mine\"}]",
                    "flannel.nodeSelector={\"a/b\":\"c\"}",
                    "flannel.resources={\"limits\":{\"memory\":\"150Mi\"}}",
                    "flannel.args=[\"--kube-subnet-mgr\",\"-v=2\"]")
                .orThrow())
        .contains("image: \"r.example/x:7\"", "- name: mine", "a/b: c", "memory: 150Mi", "\"-v=2\"")
        .doesNotContain("--ip-masq", "localhost/");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "flannel.backend=\"host-gw\" | 'Backend':{'Type':'host-gw'}",
        "flannel.vni=7 | 'Backend':{'Type':'vxlan','VNI':7}",
        "flannel.mtu=1400 | 'Backend':{'MTU':1400,'Type':'vxlan'}",
        "flannel.backendPort=4789 | 'Backend':{'Port':4789,'Type':'vxlan'}",
        "flannel.directRouting=true | 'Backend':{'DirectRouting':true,'Type':'vxlan'}",
        "flannel.GBP=true | 'Backend':{'GBP':true,'Type':'vxlan'}",
        "flannel.macPrefix=\"0E-2A\" | 'Backend':{'MacPrefix':'0E-2A','Type':'vxlan'}",
        "flannel.enableNFTables=true | 'EnableNFTables':true",
        "podCidr=\"10.9.0.0/16\" | 'Network':'10.9.0.0/16'",
        "podCidrv6=\"fd00::/56\" | 'EnableIPv6':true,'EnableNFTables':false,'IPv6Network':'fd00::/56'",
      })
  void theNetworkConfigurationIsOneThatTheDaemonTakes(String value, String expected) {
    Object config = objects(template(value).orThrow()).getOrDefault("ConfigMap", Map.of());
    String text = field(field(config, "data"), "net-conf.json").toString();

    assertThat(Json.parse(text).text()).contains(expected.replace('\'', '"'));
    NetworkConfigParser.parseNetworks(text);
  }

  @Test // a values.yaml of upstream's chart names it
  void upstreamsImageIsRefused() {
    Kubelab.Outcome refused =
        template(
            "flannel.image={\"repository\":\"ghcr.io/flannel-io/flannel\",\"tag\":\"v0.28.9\"}");

    assertThat(refused.status()).isNotZero();
    assertThat(refused.err()).contains("flannel.image is upstream's");
  }

  @Test
  void probesTakeUpstreamsValues() {
    assertThat(
            template(
                    "flannel.healthz.livenessProbe={\"initialDelaySeconds\":77}",
                    "flannel.healthz.readinessProbe={\"periodSeconds\":55}")
                .orThrow())
        .contains("initialDelaySeconds: 77", "periodSeconds: 55");
  }

  @Test // a key that is there twice cannot be read
  void probesTakeATimeOut() {
    String rendered =
        template(
                "flannel.healthz.livenessProbe={\"timeoutSeconds\":9}",
                "flannel.healthz.readinessProbe={\"timeoutSeconds\":8}")
            .orThrow();

    assertThat(objects(rendered)).containsKey("DaemonSet");
    assertThat(rendered).contains("timeoutSeconds: 9", "timeoutSeconds: 8");
  }

  @Test
  void upstreamsWholeValuesNeedOnlyOurImage() throws URISyntaxException {
    Path upstreams =
        Path.of(
            Objects.requireNonNull(ChartTest.class.getResource("upstream-values.yaml")).toURI());
    List<String> with = List.of("--values", upstreams.toString());
    String image = "flannel.image={\"repository\":\"r.example/x\",\"tag\":\"7\"}";

    Map<String, Object> rendered = objects(template(with, image).orThrow());

    // all in which upstream's values differ from ours
    Map<String, Object> expected =
        objects(
            template(
                    image,
                    "flannel.resources.requests.memory=\"50Mi\"",
                    "flannel.healthz.readinessProbe.initialDelaySeconds=5")
                .orThrow());
    assertThat(meaning(rendered)).isEqualTo(meaning(expected));
    assertThat(template(with).err()).contains("flannel.image is upstream's");
  }

  @Test // as ClusterEndToEndTest runs the manifest
  void theBackendUdpMayOpenItsDevice() {
    Map<String, Object> manifest = objects(Site.mayUseTun(Site.packaging("kube-flannel.yml")));

    Object rendered =
        objects(template("flannel.backend=\"udp\"").orThrow()).getOrDefault("DaemonSet", "none");

    assertThat(securityContext(rendered))
        .isEqualTo(Map.of("privileged", true))
        .isNotEqualTo(securityContext(objects(template().orThrow()).get("DaemonSet")));
    assertThat(field(securityContext(manifest.get("DaemonSet")), "privileged")).isEqualTo(true);
  }

  private static Object securityContext(@Nullable Object daemonSet) {
    Object spec =
        field(field(field(Objects.requireNonNull(daemonSet), "spec"), "template"), "spec");
    return field(((List<?>) field(spec, "containers")).getFirst(), "securityContext");
  }

  @Test
  void networkPolicyIsNotPromised() {
    Kubelab.Outcome refused = template("netpol={\"enabled\":true}");

    assertThat(refused.status()).isNotZero();
    assertThat(refused.err()).contains("there is no network policy in jflannel");
    template("netpol={\"enabled\":false}").orThrow();
  }

  @Test
  void aClusterWithoutNetworkIsRefused() {
    Kubelab.Outcome refused = template("podCidr=\"\"");

    assertThat(refused.status()).isNotZero();
    assertThat(refused.err()).contains("podCidr and podCidrv6 are both empty");
    assertThat(template("podCidr=\"\"", "podCidrv6=\"fd00::/56\"").orThrow())
        .contains("\"EnableIPv4\": false");
  }
}
