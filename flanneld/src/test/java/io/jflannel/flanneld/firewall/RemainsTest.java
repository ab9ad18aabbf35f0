// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.traffic.Part;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RemainsTest {

  private static final Outcome NOTED =
      new Outcome(List.of(), 0, Map.of(), List.of("cannot be seen"));

  private final Host host = new Host(true);
  private final Remains remains = new Remains(List.of(host));

  private Findings sweep() throws InterruptedException {
    Findings findings = new Findings();
    remains.sweep(findings);
    return findings;
  }

  @Test
  void notesOutliveTheSweepAndAreToldOnce() throws Exception {
    host.answer = Optional.of(NOTED);

    Findings findings = sweep();

    assertThat(findings.areNone()).isTrue();
    assertThat(remains.areSwept()).isTrue();
    assertThat(findings.notes()).hasSize(2).doesNotHaveDuplicates().isEqualTo(remains.notes());
    assertThat(sweep().notes()).isEmpty();
  }

  @Test
  void whatFailsIsTriedAgainAndWhatNoProgramCanHoldIsNot() throws Exception {
    host.answer =
        Optional.of(Outcome.failed(List.of(Part.FORWARD), new FirewallException("still there")));
    assertThat(sweep().problems()).hasSize(2).allMatch(text -> text.endsWith(": still there"));
    assertThat(remains.areSwept()).isFalse();

    host.answer =
        Optional.of(
            Outcome.failed(List.of(Part.FORWARD), FirewallException.missing("no iptables")));
    assertThat(sweep().areNone()).isTrue();
    assertThat(remains.areSwept()).isTrue();
  }
}
