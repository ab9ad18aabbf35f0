// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.Version;
import io.jflannel.flanneld.cli.CommandLine;
import io.jflannel.flanneld.cli.FlanneldFlags;
import io.jflannel.flanneld.config.Options.LogFormat;
import io.jflannel.flanneld.log.Logging;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.util.List;

/** The program {@code flanneld}: command line in, exit status out (spec 1.7). */
public final class Flanneld {

  private static final int FAILED = 1;

  private Flanneld() {}

  /** Starts the daemon and stays until it is stopped or cannot go on. */
  public static void main(String[] arguments) {
    Shutdown shutdown = Shutdown.install(); // before the time that all the rest takes to load
    shutdown.exit(status(arguments));
  }

  private static int status(String[] arguments) {
    try {
      String program = System.getProperty("jflannel.program", "flanneld");
      CommandLine asked = FlanneldFlags.read(program, List.of(arguments), System.getenv());
      return switch (asked) {
        case CommandLine.Help help -> print(help.usage());
        case CommandLine.Version _ -> print(Version.text() + "\n");
        case CommandLine.Bad bad -> refuse(bad, System.err);
        case CommandLine.Run run -> run(run, new OptimisedJvm(List.of(arguments), System.getenv()));
      };
    } catch (RuntimeException | Error e) {
      System.getLogger(Flanneld.class.getName()).log(Level.ERROR, "flanneld ends", e);
      return FAILED;
    }
  }

  private static int print(String text) {
    System.err.print(text);
    return 0;
  }

  /** A value that cannot be used is logged, as upstream does; malformed flags get the usage. */
  private static int refuse(CommandLine.Bad bad, PrintStream err) {
    if (bad.status() == CommandLine.Bad.UNUSABLE) {
      Logging.start(LogFormat.KLOG, 0);
      System.getLogger(Flanneld.class.getName()).log(Level.ERROR, bad.message());
    } else {
      err.println(bad.message());
      err.print(bad.usage());
    }
    return bad.status();
  }

  private static int run(CommandLine.Run run, OptimisedJvm jvm) {
    Logging.start(run.options().logFormat(), run.options().verbosity());
    System.Logger log = System.getLogger(Flanneld.class.getName());
    run.warnings().forEach(warning -> log.log(Level.WARNING, warning));
    try {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      new Daemon(run.options(), jvm).run();
      return 0;
    } catch (InterruptedException stopped) {
      log.log(Level.INFO, "Stopped; the network stays as it is");
      return 0;
    } catch (StartException e) {
      log.log(Level.ERROR, e.getMessage());
      return FAILED;
    }
  }
}
