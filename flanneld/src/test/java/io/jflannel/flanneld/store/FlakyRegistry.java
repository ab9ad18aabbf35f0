// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.LeaseText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A registry between a store and a real one that fails as it is told to, and counts calls. */
final class FlakyRegistry implements Registry {

  enum Call {
    LIST,
    CREATE,
    UPDATE,
    WATCH,
    /** A put that the watch has seen. */
    EVENT,
    CONFIG
  }

  enum Mood {
    /** Passes everything on. */
    WELL,
    /** Throws at once. */
    FAILS,
    /** Does it, but the answer is lost. */
    LOSES_ANSWER,
    /** Does it, and then nothing until the mood changes; the answer is lost. */
    HANGS,
    /** Does nothing until the mood changes. */
    WAITS
  }

  private final Registry real;
  private final Map<Call, AtomicInteger> counts = new EnumMap<>(Call.class);
  private volatile Map<Call, Mood> moods = Map.of();
  private volatile Optional<Duration> grant = Optional.empty();
  private volatile long shift;
  private volatile long ahead;
  private volatile List<Entry> older = List.of();
  private volatile long flood;
  private final AtomicInteger signs = new AtomicInteger();
  private final AtomicInteger flooded = new AtomicInteger();

  FlakyRegistry(Registry real) {
    this.real = real;
    for (Call call : Call.values()) {
      counts.put(call, new AtomicInteger());
    }
  }

  synchronized void mood(Map<Call, Mood> newer) {
    moods = newer;
    notifyAll();
  }

  /** From now on leases are granted for so long only. */
  void grant(Duration time) {
    grant = Optional.of(time);
  }

  /** From now on signs of life carry a lower revision. */
  void shiftSignsOfLife(long distance) {
    shift = distance;
  }

  /** From now on listings are of a higher revision: others use the store too. */
  void shiftListings(long distance) {
    ahead = distance;
  }

  /** From now on listings have these entries instead of those of the same names. */
  void listInstead(Entry... entries) {
    older = List.of(entries);
  }

  /** Signs of life passed on so far. */
  int signs() {
    return signs.get();
  }

  /** From now on a watch begins with so many changes of one key. */
  void flood(long changes) {
    flood = changes;
  }

  /** Changes delivered of those. */
  int flooded() {
    return flooded.get();
  }

  int count(Call call) {
    return counted(call).get();
  }

  private AtomicInteger counted(Call call) {
    return Optional.ofNullable(counts.get(call)).orElseThrow();
  }

  private synchronized Mood begin(Call call) throws InterruptedException {
    counted(call).incrementAndGet();
    while (moods.getOrDefault(call, Mood.WELL) == Mood.WAITS) {
      wait();
    }
    Mood mood = moods.getOrDefault(call, Mood.WELL);
    if (mood == Mood.FAILS) {
      throw new StoreException("flaky: " + call + " refused");
    }
    return mood;
  }

  private synchronized Written end(Call call, Mood mood, Written written)
      throws InterruptedException {
    while (moods.get(call) == Mood.HANGS) {
      wait();
    }
    if (mood == Mood.LOSES_ANSWER || mood == Mood.HANGS) {
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
    begin(Call.CONFIG);
    return real.config();
  }

  @Override
  public Listing list() throws InterruptedException {
    begin(Call.LIST);
    Listing listing = real.list();
    List<Entry> entries = new ArrayList<>(listing.entries());
    for (Entry instead : older) {
      entries.replaceAll(entry -> entry.name().equals(instead.name()) ? instead : entry);
    }
    return new Listing(listing.storeId(), listing.revision() + ahead, entries);
  }

  @Override
  public Written create(String name, String value, Expiry expiry) throws InterruptedException {
    Mood mood = begin(Call.CREATE);
    return end(Call.CREATE, mood, real.create(name, value, expiry));
  }

  @Override
  public Written update(Entry current, String value, Expiry expiry) throws InterruptedException {
    Mood mood = begin(Call.UPDATE);
    return end(Call.UPDATE, mood, real.update(current, value, expiry));
  }

  @Override
  public void delete(Entry current) throws InterruptedException {
    real.delete(current);
  }

  @Override
  public WatchEnd watch(long revision, Sink sink) throws InterruptedException {
    begin(Call.WATCH);
    long start = revision - ahead;
    for (long i = 0; i < flood; i++) {
      sink.put(
          new Entry(
              "10.3.201.0-24",
              LeaseText.write(TestNode.hostGw("192.0.2." + (10 + i % 100)), LeaseText.Form.V3),
              Optional.empty(),
              1,
              start + 1,
              0,
              true,
              Optional.empty()));
      flooded.incrementAndGet();
    }
    return real.watch(start, new Shifting(sink));
  }

  private final class Shifting implements Sink {
    private final Sink sink;

    Shifting(Sink sink) {
      this.sink = sink;
    }

    @Override
    public void alive(long revision) throws InterruptedException {
      sink.alive(revision - shift);
      signs.incrementAndGet();
    }

    @Override
    public void put(Entry entry) throws InterruptedException {
      begin(Call.EVENT);
      sink.put(entry);
    }

    @Override
    public void deleted(String name, long revision) throws InterruptedException {
      sink.deleted(name, revision);
    }

    @Override
    public void config(Optional<String> text) throws InterruptedException {
      sink.config(text);
    }
  }

  @Override
  public void close() {
    real.close();
  }
}
