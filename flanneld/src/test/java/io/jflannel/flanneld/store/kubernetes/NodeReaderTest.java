// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;

class NodeReaderTest {

  private static final String NODE =
      """
      {"kind":"Node","apiVersion":"v1",
       "metadata":{"name":"node1","uid":"u-1","resourceVersion":"220",
        "creationTimestamp":"2026-08-14T12:08:58Z","labels":{"a":"b"},
        "annotations":{"dummy":"value","flannel.alpha.coreos.com/public-ip":"192.168.50.11",
         "flannel.alpha.coreos.com/backend-type":"vxlan",
         "flannel.alpha.coreos.com/kube-subnet-manager":"true",
         "flannel.alpha.coreos.com/backend-data":"{\\"VNI\\":1}"},
        "managedFields":[{"fieldsV1":{"f:metadata":{}}}]},
       "spec":{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24","fd00:10:244:1::/64"],
        "taints":[{"key":"node.kubernetes.io/not-ready"}]},
       "status":{"capacity":{"cpu":"2"},"images":[{"names":["a","b"],"sizeBytes":5}],
        "conditions":[{"type":"Ready","status":"True"},
         {"type":"NetworkUnavailable","status":"False","reason":"FlannelIsUp",
          "lastTransitionTime":"2026-08-14T12:09:00Z"}]}}\
      """;

  private static NodeReader reader(String text) {
    return new NodeReader(
        new ByteArrayInputStream(text.getBytes(UTF_8)),
        AnnotationKeys.under("flannel.alpha.coreos.com"));
  }

  @Test
  void keepsWhatMatters() { // P17
    NodeFacts node = reader(NODE).whole();

    assertThat(node)
        .isEqualTo(
            new NodeFacts(
                "node1",
                "u-1",
                220,
                1_786_709_338,
                List.of("10.244.1.0/24", "fd00:10:244:1::/64"),
                Map.of(
                    Annotation.IP, "192.168.50.11",
                    Annotation.TYPE, "vxlan",
                    Annotation.MANAGED, "true",
                    Annotation.DATA, "{\"VNI\":1}"),
                Optional.of(
                    new NodeFacts.Condition("False", "FlannelIsUp", "2026-08-14T12:09:00Z"))));
  }

  @Test
  void podCidrAloneCounts() { // KUB-6
    assertThat(reader("{\"spec\":{\"podCIDR\":\"10.1.0.0/24\"}}").whole().podCidrs())
        .containsExactly("10.1.0.0/24");
    assertThat(reader("{\"spec\":{\"podCIDR\":\"\",\"podCIDRs\":[]}}").whole().podCidrs())
        .isEmpty();
  }

  @Test
  void readsAListNodeByNode() {
    List<NodeFacts> nodes = new ArrayList<>();
    NodeReader.PageEnd end =
        reader(
                "{\"kind\":\"NodeList\",\"metadata\":{\"resourceVersion\":\"99\",\"continue\":\"abc\"},\"items\":["
                    + NODE
                    + ",{\"metadata\":{\"name\":\"node2\"}}]}")
            .page(nodes::add);

    assertThat(end).isEqualTo(new NodeReader.PageEnd("99", "abc"));
    assertThat(nodes).extracting(NodeFacts::name).containsExactly("node1", "node2");
  }

  @Test // P17
  void aListIsReadNoFurtherThanTheNodeThatIsTold() {
    byte[] item = (NODE + ",").getBytes(UTF_8);
    int count = 10_000;
    List<InputStream> parts = new ArrayList<>(List.of(text("{\"items\":[")));
    for (int i = 0; i < count; i++) {
      parts.add(new ByteArrayInputStream(item));
    }
    parts.add(text("{}],\"metadata\":{\"resourceVersion\":\"7\"}}"));
    long[] given = {0};
    long[] ahead = {0};
    long[] told = {0};
    InputStream list = new Counted(new SequenceInputStream(Collections.enumeration(parts)), given);

    NodeReader.PageEnd end =
        new NodeReader(list, AnnotationKeys.under("flannel.alpha.coreos.com"))
            .page(node -> {
              told[0]++;
              ahead[0] = Math.max(ahead[0], given[0] - told[0] * item.length);
            });

    assertThat(end.version()).isEqualTo("7");
    assertThat(told[0]).isEqualTo(count + 1L);
    assertThat(given[0]).isGreaterThan((long) count * item.length);
    assertThat(ahead[0]).isLessThan(32_768);
  }

  private static InputStream text(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }

  /** Counts what is taken of it. */
  private static final class Counted extends FilterInputStream {
    private final long[] given;

    Counted(InputStream in, long[] given) {
      super(in);
      this.given = given;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      int got = super.read(into, from, length);
      given[0] += Math.max(0, got);
      return got;
    }
  }

  @Test
  void readsAWatch() {
    NodeReader reader =
        reader(
            "{\"type\":\"ADDED\",\"object\":"
                + NODE
                + "}\n"
                + "{\"type\":\"DELETED\",\"object\":"
                + NODE
                + "}\n"
                + "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Node\",\"metadata\":{\"resourceVersion\":\"500\"}}}\n"
                + "{\"type\":\"NEWS\",\"object\":{\"a\":[1,{}]}}\n"
                + "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too old resource version\"}}\n"
                + "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"nothing known\"}}\n");

    assertThat(reader.event()).containsInstanceOf(WatchEvent.Seen.class);
    assertThat(reader.event()).containsInstanceOf(WatchEvent.Gone.class);
    assertThat(reader.event()).contains(new WatchEvent.Bookmark(500));
    assertThat(reader.event()).contains(new WatchEvent.Other());
    assertThat(reader.event()).contains(new WatchEvent.Failed(410, "too old resource version"));
    assertThat(reader.event()).contains(new WatchEvent.Failed(500, "nothing known"));
    assertThat(reader.event()).isEmpty();
  }

  @Test
  void whatIsTooLongIsCut() {
    String text = "x".repeat(100_000);
    NodeFacts node =
        reader(
                "{\"metadata\":{\"annotations\":{\"flannel.alpha.coreos.com/backend-data\":\""
                    + text
                    + "\"}},\"spec\":{\"podCIDRs\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}")
            .whole();

    assertThat(node.annotation(Annotation.DATA).orElseThrow())
        .hasSizeLessThanOrEqualTo(NodeFacts.LONGEST + 1);
    assertThat(node.podCidrs()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "null",
        "[]",
        "7",
        "{\"metadata\":null,\"spec\":[],\"status\":7}",
        "{\"metadata\":{\"name\":{},\"annotations\":[\"x\"],\"resourceVersion\":\"x\",\"creationTimestamp\":\"then\"}}",
        "{\"spec\":{\"podCIDRs\":{\"a\":1},\"podCIDR\":null}}",
        "{\"status\":{\"conditions\":{\"type\":\"NetworkUnavailable\"}}}",
        "{\"metadata\":{\"annotations\":{\"flannel.alpha.coreos.com/public-ip\":null}}}",
      })
  void strangeShapesAreNothing(String text) {
    NodeFacts node = reader(text).whole();

    assertThat(node.name()).isEmpty();
    assertThat(node.version()).isZero();
    assertThat(node.podCidrs()).isEmpty();
    assertThat(node.isManaged()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"metadata\":{\"name\":\"a\"", "<html>", "{\"items\":[{]}"})
  void halfAnAnswerIsAnError(String text) {
    assertThatThrownBy(() -> reader(text).page(node -> {})).isInstanceOf(JacksonException.class);
  }
}
