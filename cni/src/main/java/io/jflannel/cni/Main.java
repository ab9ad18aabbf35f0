// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.json.Json;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The program {@code flannel}, a CNI plugin. */
public final class Main {

  /** In bytes: the run time's heap of 64 MiB holds what JSON of this size becomes. */
  static final int INPUT_MAX = 1 << 20;

  private Main() {}

  /** Reads the environment and standard input; prints a result or an error object (17.5). */
  public static void main(String[] arguments) throws InterruptedException {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, UTF_8);
    PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, UTF_8);
    int status = run(System.getenv(), System.in, out, err);
    out.flush();
    System.exit(out.checkError() ? 1 : status);
  }

  /** Returns the exit status. */
  static int run(Map<String, String> environment, InputStream in, PrintStream out, PrintStream err)
      throws InterruptedException {
    try {
      Optional<Call> call = Call.of(environment);
      if (call.isEmpty()) {
        err.println("CNI plugin flannel of jflannel");
        err.println("CNI protocol versions supported: " + String.join(", ", CniVersion.SUPPORTED));
      } else if (call.get().command().equals("VERSION")) {
        out.println(versions());
      } else {
        out.print(Plugin.run(call.get(), text(in), err));
      }
      return 0;
    } catch (CniException e) {
      out.println(e.object());
      return 1;
    } catch (InvalidPathException e) { // a name that this locale has no bytes for
      out.println(new CniException(String.valueOf(e.getMessage())).object());
      return 1;
    }
  }

  private static String versions() {
    return new Json.Obj(
            List.of(
                new Json.Member("cniVersion", new Json.Str(CniVersion.SUPPORTED.getLast())),
                new Json.Member(
                    "supportedVersions",
                    new Json.Arr(
                        CniVersion.SUPPORTED.stream().map(v -> (Json) new Json.Str(v)).toList()))))
        .text();
  }

  private static String text(InputStream in) {
    byte[] bytes;
    try {
      bytes = in.readNBytes(INPUT_MAX + 1);
    } catch (IOException e) {
      throw new CniException(
          CniException.UNREADABLE_INPUT, "cannot read stdin", String.valueOf(e.getMessage()));
    }
    if (bytes.length > INPUT_MAX) {
      throw new CniException(
          CniException.NOT_JSON, "cannot read stdin", "it has more than " + INPUT_MAX + " bytes");
    }
    return new String(bytes, UTF_8);
  }
}
