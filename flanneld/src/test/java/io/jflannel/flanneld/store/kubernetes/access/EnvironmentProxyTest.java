// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.ConfigException;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentProxyTest {

  private static Optional<ApiAccess.Proxy> proxy(String server, Map<String, String> environment) {
    return EnvironmentProxy.of(URI.create(server), environment);
  }

  @ParameterizedTest
  @CsvSource({
    "https://192.0.2.1:6443, '', true",
    "https://192.0.2.1:6443, 192.0.2.0/24, false",
    "https://192.0.2.1:6443, '10.0.0.0/8, 192.0.2.1', false",
    "https://192.0.2.1:6443, 192.0.2.1:6443, false",
    "https://192.0.2.1:6443, 192.0.2.1:443, true",
    "https://api.example.org, example.org, false",
    "https://api.example.org, .example.org, false",
    "https://example.org, .example.org, true",
    "https://api.example.org, '*.example.org', false",
    "https://apiexample.org, example.org, true",
    "https://api.example.org, 'example.org:443', false",
    "https://api.example.org, 'example.org:6443', true",
    "https://api.example.org, '*', false",
    "https://127.0.0.1:6443, '', false",
    "https://localhost:6443, '', false",
    "https://[::1]:6443, '', false",
    "https://[fd50::1]:6443, fd50::/16, false",
    "http://192.0.2.1:8080, '', false", // HTTPS_PROXY is not for http
  })
  void followsGosRules(String server, String noProxy, boolean through) {
    Map<String, String> environment =
        Map.of("HTTPS_PROXY", "http://proxy:3128", "no_proxy", noProxy);

    assertThat(proxy(server, environment).isPresent()).isEqualTo(through);
  }

  @Test
  void theUrlMayLackItsScheme() {
    assertThat(proxy("https://a.b", Map.of("https_proxy", "10.0.0.1:3128")))
        .contains(new ApiAccess.Proxy("10.0.0.1", 3128));
    assertThat(proxy("https://a.b", Map.of("HTTPS_PROXY", "http://proxy")))
        .contains(new ApiAccess.Proxy("proxy", 80));
    assertThat(proxy("http://a.b", Map.of("HTTP_PROXY", "http://proxy")))
        .contains(new ApiAccess.Proxy("proxy", 80));
  }

  @Test
  void aProxyIsCalledAProxy() {
    assertThatThrownBy(() -> proxy("https://a.b", Map.of("HTTPS_PROXY", "http://")))
        .hasMessageStartingWith("HTTPS_PROXY: \"http://\" is no URL");
    assertThatThrownBy(() -> proxy("https://a.b", Map.of("HTTPS_PROXY", "socks5://p:1080")))
        .hasMessage(
            "HTTPS_PROXY: \"socks5://p:1080\" is no URL of a proxy, such as"
                + " http://192.0.2.1:3128");
  }

  @ParameterizedTest
  @ValueSource(strings = {"socks5://p:1080", "https://p:3128", "http://u:secret@p:3128"})
  void whatCannotBeUsedIsRefused(String url) {
    assertThatThrownBy(() -> proxy("https://a.b", Map.of("HTTPS_PROXY", url)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("HTTPS_PROXY")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
  }
}
