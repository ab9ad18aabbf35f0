// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.json.Json;
import org.junit.jupiter.api.Test;

class LayoutTest {

  @Test
  void indentedTextIsTheSameValue() {
    String text = "{\"b\":[1,{\"c\":null}],\"a\":{},\"d\":[],\"e\\n\":\"f\"}";

    String indented = Layout.indented(Json.parse(text));

    assertThat(indented)
        .isEqualTo(
            """
            {
              "b": [
                1,
                {
                  "c": null
                }
              ],
              "a": {},
              "d": [],
              "e\\n": "f"
            }\
            """);
    assertThat(Json.parse(indented).text()).isEqualTo(text);
  }

  @Test
  void sortedNamesAreUnique() {
    assertThat(Layout.sorted(Json.parse("[{\"b\":1,\"a\":{\"d\":1,\"c\":2},\"b\":3}]")).text())
        .isEqualTo("[{\"a\":{\"c\":2,\"d\":1},\"b\":3}]");
  }
}
