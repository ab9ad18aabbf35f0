// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.bench.Aim;
import io.jflannel.bench.Row;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResultsTest {

  private static final List<Way> WAYS = List.of(Way.VXLAN, Way.PROXY, Way.OFFLOAD);

  private static Results results() {
    Results results = new Results();
    for (double gigabits : List.of(0.5, 0.6, 9.0)) {
      results.add(Setting.PLAIN_1500, Way.PROXY, Map.of(Measure.TCP_1, gigabits));
    }
    results.add(Setting.PLAIN_1500, Way.VXLAN, Map.of(Measure.TCP_1, 20.0));
    results.add(Setting.PLAIN_1500, Way.OFFLOAD, Map.of(Measure.TCP_1, 7.5));
    return results;
  }

  @Test
  void roundsBecomeTheirMedian_theirLargestOrTheirSum() {
    assertThat(results().value(Setting.PLAIN_1500, Measure.TCP_1, Way.PROXY)).hasValue(0.6);
    assertThat(results().value(Setting.WIRE_1500, Measure.TCP_1, Way.PROXY)).isEmpty();
    assertThat(Measure.SLOWEST.over(List.of(1.0, 9.0, 2.0))).isEqualTo(9);
    assertThat(Measure.OUTLIERS.over(List.of(1.0, 0.0, 2.0))).isEqualTo(3);
  }

  @Test
  void theTableHasTheRatiosToBothReferences() {
    assertThat(results().table(WAYS))
        .isEqualTo(
            """
                                  vxlan       C proxy      offload
            1500: TCP x1  Gbit/s  20.0        0.600        7.50
              range               20.0..20.0  0.500..9.00  7.50..7.50
              / C proxy           33.3x       1.00x        12.5x
              / vxlan             1.00x       0.0300x      0.375x
            """);
  }

  @Test
  void anAimIsMetOrShort_andWhatWasNotMeasuredIsShort() { // issue 5, "it must show" 3
    List<Row> rows = Aims.rows(results(), List.of(Setting.PLAIN_1500), WAYS);

    assertThat(rows)
        .contains(
            Row.against(
                "1500: TCP x1, offload / C proxy", "Gbit/s", 7.5, 0.6, new Aim.RatioAtLeast(12)));
    assertThat(rows)
        .filteredOn(Row::met)
        .extracting(Row::measure)
        .containsExactly("1500: TCP x1, offload / C proxy");
    assertThat(rows).extracting(Row::measure).contains("offload: allocated, data path");
  }
}
