// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli.command;

import io.jflannel.flanneld.Version;
import io.jflannel.flanneld.lab.LabCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/**
 * The command {@code jflannel}. {@code jflannel run …} is flanneld: its flags follow Go's rules, so
 * the launcher starts {@link io.jflannel.flanneld.daemon.Flanneld} for it and picocli is not asked.
 */
@Command(
    name = "jflannel",
    mixinStandardHelpOptions = true,
    versionProvider = Jflannel.VersionText.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "flannel, the layer-3 network fabric for container hosts, in Java.",
    footer = {"", "jflannel run [OPTION]... is the daemon flanneld: see jflannel run -help."},
    subcommands = {LabCommand.class, StatusCommand.class, CleanupCommand.class})
public final class Jflannel {

  private Jflannel() {}

  /** The command line of {@code jflannel}. */
  public static void main(String[] arguments) {
    System.exit(commands().execute(arguments));
  }

  /** The command with its subcommands. */
  static CommandLine commands() {
    return new CommandLine(new Jflannel());
  }

  /** {@code jflannel --version}. */
  static final class VersionText implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {Version.text()};
    }
  }
}
