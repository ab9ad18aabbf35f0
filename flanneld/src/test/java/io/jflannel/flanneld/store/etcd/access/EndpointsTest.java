// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.ConfigException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointsTest {

  @ParameterizedTest
  @CsvSource({
    "http://127.0.0.1:4001, http://127.0.0.1:4001",
    "http://127.0.0.1:2379/, http://127.0.0.1:2379", // ETC-5: a trailing slash is harmless
    "HTTPS://etcd-1.example:2379, https://etcd-1.example:2379",
    "http://etcd_1:2379, http://etcd_1:2379",
    "http://[fd00::1]:2379, http://[fd00::1]:2379",
    "http://[::1], http://[::1]:80",
    "https://etcd.example, https://etcd.example:443",
    "https://proxy.example/etcd/, https://proxy.example:443/etcd",
    "10.0.0.1:2379, http://10.0.0.1:2379",
    "' http://10.0.0.1:2379 ', http://10.0.0.1:2379",
  })
  void urlsAreRead(String text, String url) {
    Endpoints endpoints = Endpoints.parse(List.of(text), false);

    assertThat(endpoints.text()).isEqualTo(url);
    assertThat(endpoints.warnings()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "unix:///run/etcd.sock | unix sockets are not supported",
        "unixs://x:0 | unix sockets are not supported",
        "ftp://10.0.0.1 | unsupported scheme \"ftp\"",
        "http:// | no host",
        "http://:2379 | no host",
        "http://10.0.0.1:http | \"http\" is no port",
        "http://10.0.0.1:0 | \"0\" is no port",
        "http://10.0.0.1:65536 | no port",
        "http://10.0.0.1:-1 | no port",
        "http://fd00::1:2379 | needs brackets",
        "http://[fd00::1:2379 | no ] after [",
        "http://[etcd]:2379 | is no host name",
        "http://et cd:2379 | is no host name",
        "http://10.0.0.1:2379/?x=1 | query",
        "http://10.0.0.1:2379:2380 | more than one colon",
      })
  void malformedUrlsAreRefusedByName(String text, String reason) {
    assertThatThrownBy(() -> Endpoints.parse(List.of(text), false))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(text)
        .hasMessageContaining(reason);
  }

  @Test
  void noEndpointIsAnError() {
    assertThatThrownBy(() -> Endpoints.parse(List.of("", " "), false))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("names no endpoint");
  }

  @Test
  void emptyElementsAndRepetitionsAreHarmlessAndBadOnesAreWarnedAbout() { // ETC-5
    Endpoints endpoints =
        Endpoints.parse(List.of("", "http://a:1", "unix:///x", "http://a:1/", "http://b:2"), false);

    assertThat(endpoints.text()).isEqualTo("http://a:1,http://b:2");
    assertThat(endpoints.warnings()).singleElement().asString().contains("unix:///x");
  }

  @Test
  void theFirstSchemeDecidesForAllAndCertificatesIfThereIsNone() { // ETC-5
    Endpoints mixed = Endpoints.parse(List.of("https://a:1", "http://b:2", "c:3"), false);
    assertThat(mixed.text()).isEqualTo("https://a:1,https://b:2,https://c:3");
    assertThat(mixed.warnings()).singleElement().asString().contains("https://b:2");

    assertThat(Endpoints.parse(List.of("a:1"), true).tls()).isTrue();
    assertThat(Endpoints.parse(List.of("a:1"), false).tls()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://root:secret@10.0.0.1:2379",
        "ftp://root:secret@10.0.0.1:2379",
        "root:secret@10.0.0.1:x",
        "http://root:sec@ret@10.0.0.1:99999",
      })
  void passwordsInUrlsAreNeverShown(String text) { // P37
    String shown;
    try {
      Endpoints endpoints = Endpoints.parse(List.of(text), false);
      shown = endpoints.toString();
      assertThat(endpoints.text()).isEqualTo("http://10.0.0.1:2379");
      assertThat(endpoints.warnings()).singleElement().asString().contains("--etcd-username");
    } catch (ConfigException e) {
      shown = String.valueOf(e.getMessage());
    }
    assertThat(shown).contains("10.0.0.1").doesNotContain("secret").doesNotContain("ret@");
  }
}
