// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.flanneld.traffic.TrafficRules;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When programs are asked, and what is written again, on a host in memory. */
class GuardTest {

  private static final Map<Part, List<Rule>> WANTED = rules("10.244.1.0/24");

  private final BlockingQueue<Boolean> told = new LinkedBlockingQueue<>();
  private long nanoTime;

  private static Map<Part, List<Rule>> rules(String subnet) {
    return TrafficRules.of(
        Family.V4,
        new TrafficRules.Settings(Map.of(Family.V4, Cidr.parse("10.244.0.0/16")), true, true, true),
        new Subnets(Optional.of(Cidr.parse(subnet)), Optional.empty()));
  }

  private Guard guard(Host host) {
    return new Guard(host, host, new Echo(host), () -> nanoTime, (_, changed) -> told.add(changed));
  }

  private static boolean isRight(Outcome outcome) {
    return outcome.problems().isEmpty();
  }

  private static Outcome converge(Guard guard) throws InterruptedException {
    return guard.converge(Family.V4, WANTED);
  }

  private void pass(Duration time) {
    nanoTime += time.toNanos();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsRightIsNotAskedForAgain(boolean legacy) throws Exception {
    Host host = new Host(legacy);
    Guard guard = guard(host);
    assertThat(converge(guard).written()).isNotEmpty();
    int looks = host.looks;

    host.changeElsewhere();
    Outcome later = converge(guard);

    assertThat(isRight(later)).isTrue();
    assertThat(later.written()).isEmpty();
    assertThat(host.looks).isEqualTo(looks);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatOthersChangeIsPutBack(boolean legacy) throws Exception {
    Host host = new Host(legacy);
    Guard guard = guard(host);
    converge(guard);

    host.insert("accept");

    assertThat(converge(guard).written()).isNotEmpty();
    assertThat(isRight(converge(guard))).isTrue();
    assertThat(host.writes).isEqualTo(2);
  }

  @ParameterizedTest // it was taken for written in vain, and not tried again for a minute
  @ValueSource(booleans = {false, true})
  void whatOthersRemoveBeforeItIsReadBackIsWrittenAgain(boolean legacy) throws Exception {
    Host host = new Host(legacy);
    Guard guard = guard(host);
    host.afterWrite = host::remove;

    Outcome undone = converge(guard);
    assertThat(undone.problems().values()).isNotEmpty().allMatch(FirewallException::isUndone);
    assertThat(isRight(converge(guard))).isTrue();
    assertThat(host.writes).isEqualTo(2);
  }

  @Test
  void whatOthersChangeBeforeItIsReadBackIsWrittenAgain() throws Exception {
    Host host = new Host(false);
    Guard guard = guard(host);
    host.afterWrite = () -> host.insert("accept");

    assertThat(isRight(converge(guard))).isFalse();
    assertThat(isRight(converge(guard))).isTrue();
  }

  @Test // the kernel does not count these transactions
  void whereItCannotBeToldWhoHasWrittenItIsTriedAgainSoon() throws Exception {
    Host host = new Host(true);
    Guard guard = guard(host);
    host.afterWrite = () -> host.insert("accept");

    assertThat(isRight(converge(guard))).isFalse();
    pass(Duration.ofSeconds(15));
    assertThat(isRight(converge(guard))).isTrue();
  }

  @ParameterizedTest // M2
  @ValueSource(booleans = {false, true})
  void whatAProgramHidesDoesNotPileUp(boolean legacy) throws Exception {
    Host host = new Host(legacy);
    Guard guard = guard(host);
    host.programHides = true;

    for (int i = 0; i < 5; i++) {
      Outcome hidden = converge(guard);
      assertThat(hidden.problems().values()).isNotEmpty().noneMatch(FirewallException::isUndone);
      pass(Duration.ofSeconds(2));
    }

    assertThat(host.writes).isOne();
  }

  @ParameterizedTest // it stayed wrong for ever, as nobody asked the program again
  @ValueSource(booleans = {false, true})
  void aProgramThatIsMendedIsBelieved(boolean legacy) throws Exception {
    Host host = new Host(legacy);
    Guard guard = guard(host);
    host.programHides = true;
    converge(guard);

    host.programHides = false;
    Outcome mended = converge(guard);

    assertThat(isRight(mended)).isTrue();
    assertThat(mended.written()).isEmpty();
    assertThat(host.writes).isOne();
  }

  @Test // the new subnet's rules were not written
  void otherRulesAreWrittenWhateverWasInVainBefore() throws Exception {
    Host host = new Host(false);
    Guard guard = guard(host);
    host.programHides = true;
    converge(guard);

    guard.converge(Family.V4, rules("10.244.2.0/24"));

    assertThat(host.writes).isEqualTo(2);
  }

  @Test
  void whatGoesElsewhereIsTriedAgainNowAndThen() throws Exception {
    Host host = new Host(false);
    Guard guard = guard(host);
    host.programWritesElsewhere = true;

    converge(guard);
    pass(Duration.ofSeconds(50));
    assertThat(isRight(converge(guard))).isFalse();
    assertThat(host.writes).isOne();
    pass(Duration.ofSeconds(10));
    host.programWritesElsewhere = false;
    assertThat(isRight(converge(guard))).isTrue();
  }

  @Test
  void aChangeEndsTheWaiting() throws Exception {
    Host host = new Host(false);
    Guard guard = guard(host);
    host.programHides = true;
    converge(guard);

    host.insert("accept");
    converge(guard);

    assertThat(host.writes).isEqualTo(2);
  }

  @Test // it was told as if there had been one
  void aLookThatTakesLongIsToldWithWhetherThereWasAChange() throws Exception {
    Host host = new Host(false);
    Guard guard = guard(host);
    converge(guard);
    host.insert("accept");
    host.whileLooking = this::takeLong;
    converge(guard);
    host.blind = true;
    host.changeElsewhere();
    host.whileLooking = this::takeLong;
    converge(guard);

    assertThat(told).containsExactly(true, false);
  }

  private void takeLong() {
    int before = told.size();
    await().until(() -> told.size() > before);
  }
}
