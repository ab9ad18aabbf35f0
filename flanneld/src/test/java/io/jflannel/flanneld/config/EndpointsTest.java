// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndpointsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | ``",
        "http://127.0.0.1:2379 | http://127.0.0.1:2379",
        "http://u:p@a:1 | http://***@a:1",
        "http://u@a:1 | http://***@a:1",
        "http://u:p@a:1,https://u:p@b:2/x | http://***@a:1,https://***@b:2/x",
        "http://u:p/q@a:1 | http://***@a:1",
        "http://u:p@q@a:1 | http://***@a:1",
        "http://u:p,q@a:1 | http://***@a:1",
        "u:p@a:1 | ***@a:1",
        "u:p@a:1,http://b | ***@a:1,http://b",
        "http://a:1,u:p@b:2 | http://***@b:2",
        "unix:///run/x.sock | unix:///run/x.sock",
      })
  void userAndPasswordAreMasked(String endpoints, String shown) {
    assertThat(Endpoints.masked(endpoints)).isEqualTo(shown);
  }

  @Test
  void aPasswordSplitAtACommaIsMaskedWhole() {
    assertThat(Endpoints.masked(List.of("http://u:p", "q@a:1", "http://b")))
        .isEqualTo("http://***@a:1,http://b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "no url, a@b | no url, a@b",
        "a@b: http://h:1 is down | a@b: http://h:1 is down",
        "a@b: http://u:p@h:1 is down | a@b: http://***@h:1 is down",
        "bad URL \"http://u:p w@h\" | bad URL \"http://***@h\"",
      })
  void freeTextIsMaskedBehindASchemeOnly(String text, String shown) {
    assertThat(Endpoints.maskedText(text)).isEqualTo(shown);
  }
}
