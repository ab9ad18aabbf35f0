// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A registry between a store and a real one that fails as it is told to, and counts calls. */
final class FlakyRegistry implements Registry {

  enum Call {
    LIST,
    CREATE,
    UPDATE,
    WATCH
  }

  enum Mood {
    /** Passes everything on. */
    WELL,
    /** Throws at once. */
    FAILS,
    /** Does it, but the answer is lost. */
    LOSES_ANSWER
  }

  private final Registry real;
  private final Map<Call, AtomicInteger> counts = new EnumMap<>(Call.class);
  private volatile Map<Call, Mood> moods = Map.of();
  private volatile Optional<Duration> grant = Optional.empty();
  private volatile long shift;

  FlakyRegistry(Registry real) {
    this.real = real;
    for (Call call : Call.values()) {
      counts.put(call, new AtomicInteger());
    }
  }

  void mood(Map<Call, Mood> newer) {
    moods = newer;
  }

  /** From now on leases are granted for so long only. */
  void grant(Duration time) {
    grant = Optional.of(time);
  }

  /** From now on signs of life carry a lower revision. */
  void shiftSignsOfLife(long distance) {
    shift = distance;
  }

  int count(Call call) {
    return counted(call).get();
  }

  private AtomicInteger counted(Call call) {
    return Optional.ofNullable(counts.get(call)).orElseThrow();
  }

  private Mood begin(Call call) {
    counted(call).incrementAndGet();
    Mood mood = moods.getOrDefault(call, Mood.WELL);
    if (mood == Mood.FAILS) {
      throw new StoreException("flaky: " + call + " refused");
    }
    return mood;
  }

  private Written end(Mood mood, Written written) {
    if (mood == Mood.LOSES_ANSWER) {
      throw new StoreException("flaky: no answer in time");
    }
    return grant.isPresent() && written instanceof Written.Done done
        ? new Written.Done(done.entry(), grant)
        : written;
  }

  @Override
  public String description() {
    return real.description();
  }

  @Override
  public String configKey() {
    return real.configKey();
  }

  @Override
  public String leaseKey(String name) {
    return real.leaseKey(name);
  }

  @Override
  public String configHint() {
    return real.configHint();
  }

  @Override
  public Optional<String> config() throws InterruptedException {
    return real.config();
  }

  @Override
  public Listing list() throws InterruptedException {
    begin(Call.LIST);
    return real.list();
  }

  @Override
  public Written create(String name, String value, Expiry expiry) throws InterruptedException {
    Mood mood = begin(Call.CREATE);
    return end(mood, real.create(name, value, expiry));
  }

  @Override
  public Written update(Entry current, String value, Expiry expiry) throws InterruptedException {
    Mood mood = begin(Call.UPDATE);
    return end(mood, real.update(current, value, expiry));
  }

  @Override
  public void delete(Entry current) throws InterruptedException {
    real.delete(current);
  }

  @Override
  public WatchEnd watch(long revision, Sink sink) throws InterruptedException {
    begin(Call.WATCH);
    return real.watch(revision, new Shifting(sink));
  }

  private final class Shifting implements Sink {
    private final Sink sink;

    Shifting(Sink sink) {
      this.sink = sink;
    }

    @Override
    public void alive(long revision) {
      sink.alive(revision - shift);
    }

    @Override
    public void put(Entry entry) {
      sink.put(entry);
    }

    @Override
    public void deleted(String name, long revision) {
      sink.deleted(name, revision);
    }

    @Override
    public void config(Optional<String> text) {
      sink.config(text);
    }
  }

  @Override
  public void close() {
    real.close();
  }
}
