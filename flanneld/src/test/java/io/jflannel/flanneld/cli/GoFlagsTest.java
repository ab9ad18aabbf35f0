// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Spec 1.3 and golden/control-plane.md section 1. */
class GoFlagsTest {

  private static final GoFlags FLAGS =
      new GoFlags(
          List.of(
              Flag.text("name", "initial", "a name"),
              Flag.bool("on", false, "a switch"),
              Flag.bool("off", true, "another"),
              Flag.integer("n", 0, "a number"),
              Flag.value("v", "0", "a level", GoText::levelProblem),
              Flag.value("list", "", "a list", text -> Optional.empty()),
              Flag.choice("word", List.of("a", "b", "c"), "a word")));

  @ParameterizedTest // CLI-3
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "-name x, x, 0",
        "--name x, x, 0",
        "-name=x, x, 0",
        "--name=x, x, 0",
        "--name=, ``, 0",
        "--name=a=b, a=b, 0",
        "-name -on, -on, 0",
        "-name --, --, 0",
        "-name x -name y, y, 0",
        "-n 1, initial, 0",
        "-- -name x, initial, 2",
        "- -name x, initial, 3",
        "foo -name x, initial, 3",
        "-on value -name x, initial, 3",
        "-on -name x, x, 0",
        "` -name x`, initial, 3",
      })
  void scalarsAreTakenUntilFlagsEnd(String line, String name, int ignored) {
    GoFlags.Parsed parsed = parsed(line);

    assertThat(parsed.values().text("name")).isEqualTo(name);
    assertThat(parsed.ignored()).isEqualTo(ignored);
  }

  @Test
  void repeatedListsAppendAndAreNotSplit() {
    assertThat(parsed("-list a --list=b -list c,d -list=").values().texts("list"))
        .containsExactly("a", "b", "c,d", "");
    assertThat(parsed("").values().texts("list")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "-on, true",
    "-on=1, true",
    "-on=t, true",
    "-on=T, true",
    "-on=TRUE, true",
    "-on=true, true",
    "-on=True, true",
    "-on=0, false",
    "-on=f, false",
    "-on=F, false",
    "-on=FALSE, false",
    "-on=false, false",
    "-on=False, false",
    "-on -on=false, false",
    "-on false, true"
  })
  void boolForms(String line, boolean on) {
    assertThat(parsed(line).values().bool("on")).isEqualTo(on);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "10, 10",
    "+5, 5",
    "-5, -5",
    "0x10, 16",
    "0X1f, 31",
    "0o17, 15",
    "0O7, 7",
    "0b11, 3",
    "0B1, 1",
    "010, 8",
    "00, 0",
    "1_0, 10",
    "0x_1f, 31",
    "0_7, 7",
    "0b1_1, 3",
    "-0x10, -16",
    "9223372036854775807, 9223372036854775807",
    "-9223372036854775808, -9223372036854775808"
  })
  void intForms(String text, long value) {
    assertThat(parsed("-n " + text).values().integer("n")).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", " 5", "5 ", "abc", "-", "+", "--5", "0x", "0b", "0o", "0x_", "_1", "1_", "1__0", "0_",
        "08", "0b2", "0o8", "0xg", "1.0", "1e3", "0_x1", "٣"
      })
  void textThatIsNoInt(String text) {
    assertThat(FLAGS.parse(List.of("-n=" + text)))
        .isEqualTo(new GoFlags.Refused("invalid value \"" + text + "\" for flag -n: parse error"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"9223372036854775808", "-9223372036854775809", "0xffffffffffffffffff"})
  void anIntTooLarge(String text) {
    assertThat(FLAGS.parse(List.of("-n=" + text)))
        .isEqualTo(
            new GoFlags.Refused("invalid value \"" + text + "\" for flag -n: value out of range"));
  }

  @ParameterizedTest // golden section 1; the rest is Go's flag package
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "--nosuch | flag provided but not defined: -nosuch",
        "-nosuch=x | flag provided but not defined: -nosuch",
        "-name | flag needs an argument: -name",
        "-on -n | flag needs an argument: -n",
        "---name | bad flag syntax: ---name",
        "--- | bad flag syntax: ---",
        "-=x | bad flag syntax: -=x",
        "--=x | bad flag syntax: --=x",
        "---name=secret | bad flag syntax: ---name=…",
        "-on=maybe | invalid boolean value \"maybe\" for -on: parse error",
        "-on=TrUe | invalid boolean value \"TrUe\" for -on: parse error",
        "-on= | invalid boolean value \"\" for -on: parse error",
        "-v 0x10 | invalid value \"0x10\" for flag -v: strconv.ParseInt: parsing \"0x10\": invalid syntax",
        "-v 1_0 | invalid value \"1_0\" for flag -v: strconv.ParseInt: parsing \"1_0\": invalid syntax",
        "-v 2147483648 | invalid value \"2147483648\" for flag -v: strconv.ParseInt: parsing \"2147483648\": value out of range",
        "-v 99999999999999999999 | invalid value \"99999999999999999999\" for flag -v: strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
        "-word d | invalid value \"d\" for flag -word: expect a, b or c",
        "-word A | invalid value \"A\" for flag -word: expect a, b or c",
        "-n a\"\\b | invalid value \"a\\\"\\\\b\" for flag -n: parse error",
      })
  void errorsAreGos(String line, String message) {
    assertThat(FLAGS.parse(List.of(line.split(" ")))).isEqualTo(new GoFlags.Refused(message));
  }

  @Test
  void controlCharactersInMessagesAreEscaped() {
    assertThat(GoText.quote("\n\r\t\u0001\u001f\u007f\u0085é"))
        .isEqualTo("\"\\n\\r\\t\\x01\\x1f\\x7f\\u0085é\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-h", "-help", "--help", "--h", "-h=x", "-on -help", "-on -h --nosuch"})
  void help(String line) {
    assertThat(FLAGS.parse(List.of(line.split(" ")))).isEqualTo(new GoFlags.HelpAsked());
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "`` | ``",
        "a=1 | ``",
        "a=1,b*=2, | ``",
        "a=0 | ``",
        "a=b | syntax error: expect comma-separated list of filename=N",
        "a | syntax error: expect comma-separated list of filename=N",
        "=1 | syntax error: expect comma-separated list of filename=N",
        "a= | syntax error: expect comma-separated list of filename=N",
        "a=1=2 | syntax error: expect comma-separated list of filename=N",
        "a=-1 | negative value for vmodule level",
      })
  void vmodule(String text, String problem) {
    assertThat(GoText.vmoduleProblem(text).orElse("")).isEqualTo(problem);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "`` | ``",
        "main.go:234 | ``",
        "x | syntax error: expect file.go:234",
        "main:234 | syntax error: expect file.go:234",
        "main.go: | syntax error: expect file.go:234",
        "main.go:x | syntax error: expect file.go:234",
        "main.go:1:2 | syntax error: expect file.go:234",
        "main.go:0 | negative or zero value for level",
        "main.go:-1 | negative or zero value for level",
      })
  void traceLocation(String text, String problem) {
    assertThat(GoText.traceProblem(text).orElse("")).isEqualTo(problem);
  }

  @Test
  void usageHasTwoLinesForEachFlagInOrder() { // CLI-4
    assertThat(FLAGS.usage("/opt/bin/x"))
        .isEqualTo(
            """
            Usage: /opt/bin/x [OPTION]...
              -list value
                \ta list
              -n int
                \ta number
              -name string
                \ta name (default "initial")
              -off
                \tanother (default true)
              -on
                \ta switch
              -v value
                \ta level
              -word string
                \ta word (default "a")
            """);
  }

  @Test
  void anUndeclaredFlagIsABug() {
    FlagValues values = parsed("").values();

    assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> values.texts("nam"));
  }

  @Test
  void anyArgumentsGiveAnAnswer() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String alphabet = "-=nov w0x_1:.,h\u0000é";
    for (int round = 0; round < 50_000; round++) {
      List<String> arguments =
          random
              .ints(random.nextInt(4))
              .mapToObj(i ->
                  random
                      .ints(random.nextInt(6), 0, alphabet.length())
                      .mapToObj(at -> alphabet.substring(at, at + 1))
                      .reduce("", String::concat))
              .toList();
      GoFlags.Outcome outcome = FLAGS.parse(arguments);
      if (outcome instanceof GoFlags.Parsed parsed) {
        assertThatCode(
                () -> {
                  parsed.values().integer("n");
                  parsed.values().level("v");
                  parsed.values().bool("on");
                })
            .as("seed %d: %s", seed, arguments)
            .doesNotThrowAnyException();
      }
    }
  }

  private static GoFlags.Parsed parsed(String line) {
    List<String> arguments = line.isEmpty() ? List.of() : List.of(line.split(" ", -1));
    return (GoFlags.Parsed) FLAGS.parse(arguments);
  }
}
