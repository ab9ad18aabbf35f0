// SPDX-License-Identifier: Apache-2.0
package io.jflannel.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

  private static final String DOCUMENT =
      """
      {"Network":"10.3.0.0/16","SubnetLen":24,"On":true,"Off":false,"None":null,
       "Numbers":[0,-1,1.50,1E+2,123456789012345678901234567890],
       "Backend":{"Type":"vxlan","Inner":{"deep":[[],{}]},"text":"a\\n\\u00e9\\ud83d\\ude00é😀"}}
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // ETC-4: empty text
        " ",
        "{\"a\":1,}", // 3.2: trailing comma
        "[1,]",
        "{} x", // NET-1: trailing text
        "{}{}",
        "{}}",
        "1 2",
        "{a:1}",
        "{'a':1}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{\"a\"}",
        "{,}",
        "[,1]",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "-",
        "0x10",
        "NaN",
        "Infinity",
        "nul",
        "nulll",
        "truetrue",
        "\"abc",
        "\"a\nb\"",
        "\"\\x\"",
        "\"\\u12\"",
        "// comment\n{}",
        "/* */{}",
        "# x\n{}",
        "\ufeff{}",
        "{}\u0000",
        "{}\u00a0",
        "{",
        "[",
      })
  void textThatIsNoJsonIsRefused(String text) {
    assertThatThrownBy(() -> Json.parse(text)).isInstanceOf(JsonException.class);
  }

  @Test
  void theErrorSaysWhere() {
    assertThatThrownBy(() -> Json.parse("{\"a\":1,\n \"b\":x}"))
        .hasMessageContaining("line 2, column");
    assertThatThrownBy(() -> Json.parse("{}\n{}")).hasMessageContaining("line 2");
    assertThatThrownBy(() -> Json.parse("{\"a\":\n [1"))
        .hasMessage(
            "no JSON: Unexpected end-of-input: expected close marker for Array"
                + " (line 2, column 4)");
    assertThatThrownBy(() -> Json.parse("{\"a\":1,}"))
        .hasMessage(
            "no JSON: Unexpected character ('}'): was expecting double-quote to start property name"
                + " (line 1, column 8)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "-0", "24", "24.0", "1.50", "1E+2", "-1e-7", "123456789012345678901"})
  void numbersKeepTheirForm(String literal) { // backends.md 1.2
    assertThat(Json.parse(literal)).isEqualTo(new Json.Num(literal));
    assertThat(Json.parse(literal).text()).isEqualTo(literal);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "null",
        "true",
        "\"\"",
        "[[],{},null]",
        "{\"PublicIP\":\"1.2.3.4\",\"PublicIPv6\":null}", // ETC-3
        "{\"VNI\":1,\"VtepMAC\":\"c6:d2:32:6f:8f:44\"}",
        "{\"a\":1,\"A\":2,\"a\":3}",
      })
  void compactTextRoundTrips(String text) {
    assertThat(Json.parse(text).text()).isEqualTo(text);
  }

  @Test
  void textIsEscapedAsGoDoes() {
    Json json = new Json.Str("<a href=\"x\">&\\ \b\f\n\r\t\u0001\u001f\u007f\u2028\u2029é😀/");

    assertThat(json.text())
        .isEqualTo(
            "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\\\ \\b\\f\\n\\r\\t\\u0001\\u001f\u007f"
                + "\\u2028\\u2029é😀/\"");
    assertThat(Json.parse(json.text())).isEqualTo(json);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\ud800", "\\udc00", "\\udc00\\ud800"})
  void halvesOfSurrogatePairsBecomeTheReplacementCharacter(String escapes) {
    String halves = "\ufffd".repeat(escapes.length() / 6);

    assertThat(Json.parse("\"" + escapes + "x\"")).isEqualTo(new Json.Str(halves + "x"));
    assertThat(Json.parse("{\"" + escapes + "\":1}").text()).isEqualTo("{\"" + halves + "\":1}");
  }

  @Test
  void membersMatchWithoutCaseAndTheLastWins() { // NET-1
    Json.Obj object = (Json.Obj) Json.parse("{\"vni\":5,\"VNI\":6,\"x\":null}");

    assertThat(object.member("Vni")).contains(new Json.Num("6"));
    assertThat(object.member("X")).isEmpty();
    assertThat(object.member("y")).isEmpty();
  }

  @Test
  void depthIsBounded() {
    String deepest = "[".repeat(64) + "]".repeat(64);

    assertThat(Json.parse(deepest).text()).isEqualTo(deepest);
    for (String open : List.of("[", "{\"a\":", "[{\"a\":")) {
      for (int depth : new int[] {65, 1_000, 1_000_000}) {
        assertThatThrownBy(() -> Json.parse(open.repeat(depth))).isInstanceOf(JsonException.class);
      }
    }
  }

  @Test
  void hugeNumbersAndNamesAreAnAnswerNotACrash() {
    assertThatThrownBy(() -> Json.parse("9".repeat(100_000))).isInstanceOf(JsonException.class);
    assertThatThrownBy(() -> Json.parse("{\"" + "n".repeat(100_000) + "\":1}"))
        .isInstanceOf(JsonException.class);
  }

  @Test
  void truncatedTextIsRefusedAtEveryLength() {
    String document = DOCUMENT.strip();
    assertThat(Json.parse(document)).isInstanceOf(Json.Obj.class);

    for (int length = 0; length < document.length(); length++) {
      String cut = document.substring(0, length);
      assertThatThrownBy(() -> Json.parse(cut)).isInstanceOf(JsonException.class);
    }
  }

  @Test
  void damagedTextNeverThrowsAnythingElse() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] document = DOCUMENT.getBytes(StandardCharsets.UTF_8);

    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = round % 4 == 0 ? new byte[random.nextInt(40)] : document.clone();
      if (round % 4 == 0) {
        random.nextBytes(bytes);
      } else {
        for (int damage = random.nextInt(4); damage >= 0; damage--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
      }
      String text = new String(bytes, StandardCharsets.UTF_8);
      try {
        Json json = Json.parse(text);
        assertThat(Json.parse(json.text())).isEqualTo(json);
      } catch (JsonException expected) {
        assertThat(expected.getMessage()).isNotBlank();
      } catch (RuntimeException | StackOverflowError e) {
        fail("seed " + seed + ", round " + round + ": " + text, e);
      }
    }
  }
}
