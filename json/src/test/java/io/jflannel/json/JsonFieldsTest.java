// SPDX-License-Identifier: Apache-2.0
package io.jflannel.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.json.JsonFields.NullRule;
import io.jflannel.net.Ip;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonFieldsTest {

  @Test
  void theLastOfSeveralWinsAndNullKeepsWhatWasThere() { // backends.md 1.2
    assertThat(fields("{'vni':5,'VNI':6}").uint("Vni")).hasValue(6);
    assertThat(fields("{'VNI':5,'vni':null}").uint("VNI")).hasValue(5);
    assertThat(fields("{'VNI':null}").uint("VNI")).isEmpty();
    assertThat(fields("{}").uint("VNI")).isEmpty();
    assertThat(fields("{'DIRECTROUTING':true}").bool("DirectRouting")).contains(true);
    assertThat(fields("{'x':null}").string("x")).isEmpty();
    assertThat(fields("null").string("x")).isEmpty(); // NET-2
  }

  @Test
  void anEarlierOccurrenceOfTheWrongTypeIsAnErrorToo() {
    assertThatThrownBy(() -> fields("{'VNI':'5','vni':6}").uint("VNI"))
        .isInstanceOf(JsonException.class);
  }

  @Test
  void nullFollowsItsRule() { // NET-2, ETC-4
    JsonFields both = fields("{'x':'a','X':null}");

    assertThat(both.string("x", NullRule.KEEPS)).contains("a");
    assertThat(both.string("x", NullRule.CLEARS)).isEmpty();
    assertThatThrownBy(() -> both.string("x", NullRule.REFUSED))
        .hasMessage("Backend.x: null is not allowed here");
  }

  @ParameterizedTest
  @ValueSource(strings = {"'5'", "1.0", "1.5", "1e2", "-1", "-0", "true", "[]", "{}"})
  void onlyPlainDigitsAreAnUnsignedInteger(String value) { // NET-1, backends.md 1.2
    assertThatThrownBy(() -> fields("{'VNI':" + value + "}").uint("VNI"))
        .isInstanceOf(JsonException.class)
        .hasMessageContaining("Backend.VNI: " + value.replace('\'', '"'))
        .hasMessageContaining("must be an integer not below 0");
  }

  @ParameterizedTest
  @CsvSource({
    "-2, false",
    "-1, true",
    "-0, true",
    "0, true",
    "9, true",
    "10, false",
    "99999999999999999999, false"
  })
  void integersStayInRange(String value, boolean good) {
    JsonFields fields = fields("{'MTU':" + value + "}");

    if (good) {
      assertThat(fields.integer("MTU", -1, 9)).hasValue(Long.parseLong(value));
    } else {
      assertThatThrownBy(() -> fields.integer("MTU", -1, 9))
          .hasMessage("Backend.MTU: " + value + " must be an integer from -1 to 9");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"'true'", "1", "[]"})
  void onlyTrueAndFalseAreBooleans(String value) { // NET-1
    assertThatThrownBy(() -> fields("{'GBP':" + value + "}").bool("GBP"))
        .hasMessageContaining("Backend.GBP: " + value.replace('\'', '"'))
        .hasMessageContaining("must be true or false");
  }

  @Test
  void textCarriesItsReadersReason() {
    assertThat(fields("{'ip':'1.2.3.4'}").text("IP", NullRule.REFUSED, Ip::parse))
        .contains(Ip.parse("1.2.3.4"));
    assertThatThrownBy(() -> fields("{'ip':'1.2.3.04'}").text("ip", NullRule.REFUSED, Ip::parse))
        .hasMessage("Backend.ip: \"1.2.3.04\" is no IP address: octet \"04\"");
    assertThatThrownBy(() -> fields("{'ip':7}").string("ip"))
        .hasMessage("Backend.ip: 7 must be a string");
  }

  @Test
  void objectsNest() {
    JsonFields fields = fields("{'inner':{'x':1}}");

    assertThat(fields.fields("Inner").uint("x")).hasValue(1);
    assertThat(fields.fields("none").uint("x")).isEmpty();
    assertThatThrownBy(() -> fields.fields("inner").string("x"))
        .hasMessage("Backend.inner.x: 1 must be a string");
    assertThatThrownBy(() -> fields("{'inner':[]}").fields("inner"))
        .hasMessage("Backend.inner: [] is an array, must be an object");
  }

  @Test
  void rawGivesTheLastAsItStands() {
    assertThat(fields("{'b':1,'B':null}").raw("b")).contains(new Json.Null());
    assertThat(fields("{}").raw("b")).isEmpty();
  }

  @Test
  void aLongValueIsCutInTheMessage() {
    assertThatThrownBy(() -> fields("{'VNI':'" + "x".repeat(10_000) + "'}").uint("VNI"))
        .satisfies(e -> assertThat(String.valueOf(e.getMessage()).length()).isLessThan(200));
  }

  @Test
  void aDocumentIsAnObject() {
    assertThatThrownBy(() -> JsonFields.ofDocument("the lease", Json.parse("[]")))
        .hasMessage("the lease is an array, must be an object");
  }

  private static JsonFields fields(String singleQuoted) {
    Json json = Json.parse(singleQuoted.replace('\'', '"'));
    return new JsonFields("Backend.", JsonFields.ofDocument("it", json).object());
  }
}
