// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The heap of a JVM with the serial collector, as {@code jcmd PID GC.heap_info} tells.
 *
 * @param youngKb used for what is new, in KiB
 * @param oldKb used for what has survived, in KiB
 */
record Heap(long youngKb, long oldKb) {

  private static final Pattern YOUNG = Pattern.compile("DefNew .* used (\\d+)K");
  private static final Pattern OLD = Pattern.compile("Tenured .* used (\\d+)K");

  /** As it is, garbage included. */
  static Heap now(Host host, long pid) throws InterruptedException {
    return of(jcmd(host, pid, "GC.heap_info"));
  }

  /** After a full collection. */
  static Heap collected(Host host, long pid) throws InterruptedException {
    jcmd(host, pid, "GC.run");
    return now(host, pid);
  }

  static Heap of(String text) {
    return new Heap(used(YOUNG, text), used(OLD, text));
  }

  long usedKb() {
    return youngKb + oldKb;
  }

  private static long used(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IllegalStateException("not the serial collector's heap: " + text);
    }
    return Long.parseLong(matcher.group(1));
  }

  private static String jcmd(Host host, long pid, String command) throws InterruptedException {
    String java = System.getProperty("java.home", "");
    return host.run(Path.of(java, "bin", "jcmd").toString(), Long.toString(pid), command);
  }
}
