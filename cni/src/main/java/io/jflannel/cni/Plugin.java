// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.cni.StateFiles.Attachment;
import io.jflannel.cni.StateFiles.Kept;
import io.jflannel.files.Reasons;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.json.JsonFields;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One command of the runtime, carried out (spec 17.3, 17.4). */
final class Plugin {

  private static final Path OWN_NAMESPACE = Path.of("/proc/self/ns/net");
  private static final long WRITTEN_WITHIN_MILLIS = 10 * 60 * 1_000;
  private static final String VALID = "cni.dev/valid-attachments";

  private final Call call;
  private final Json.Obj document;
  private final PluginConfig config;
  private final PrintStream err;
  private final StateFiles state;
  private final Delegates delegates;

  private Plugin(Call call, Json.Obj document, PluginConfig config, PrintStream err) {
    this.call = call;
    this.document = document;
    this.config = config;
    this.err = err;
    state = new StateFiles(config.dataDir());
    delegates = new Delegates(call.path());
  }

  /**
   * Carries a command out.
   *
   * @param input the network configuration
   * @param err for what people may want to know
   * @return what to print
   * @throws CniException if it fails
   */
  static String run(Call call, String input, PrintStream err) throws InterruptedException {
    Json.Obj document = document(input);
    Names.checkNetwork(text(document, "name"));
    if (call.isAboutAnAttachment()) {
      Names.checkContainer(call.containerId());
      Names.checkInterface(call.ifname());
    }
    String version = CniVersion.of(text(document, "cniVersion"));
    try {
      return new Plugin(call, document, PluginConfig.of(document), err).carryOut(version);
    } catch (JsonException e) {
      throw new CniException("cannot use the network configuration: " + e.getMessage());
    } catch (IOException e) {
      throw CniException.of(e);
    }
  }

  private static Json.Obj document(String input) {
    try {
      if (Json.parse(input) instanceof Json.Obj object) {
        return object;
      }
      throw new JsonException("the network configuration is no object");
    } catch (JsonException e) {
      throw new CniException(CniException.NOT_JSON, "cannot read stdin", e.getMessage());
    }
  }

  private static String text(Json.Obj document, String name) {
    try {
      return new JsonFields("", document).string(name).orElse("");
    } catch (JsonException e) {
      throw new CniException(CniException.NOT_JSON, "cannot read stdin", e.getMessage());
    }
  }

  private String carryOut(String version) throws IOException, InterruptedException {
    return switch (call.command()) {
      case "ADD" -> add();
      case "DEL" -> del();
      case "CHECK" -> {
        demand("0.4.0", version);
        yield check();
      }
      case "STATUS" -> {
        demand("1.1.0", version);
        yield status();
      }
      case "GC" -> {
        demand("1.1.0", version);
        yield collect();
      }
      default ->
          throw new CniException(
              CniException.BAD_ENVIRONMENT, "unknown CNI_COMMAND", call.command());
    };
  }

  private void demand(String needed, String version) {
    if (CniVersion.isBefore(version, needed)) {
      throw new CniException(
          CniException.INCOMPATIBLE_VERSION,
          "the configuration's version does not know " + call.command(),
          "it is " + version + ", must be " + needed + " or later");
    }
  }

  private String add() throws IOException, InterruptedException {
    DelegateConfig delegate = delegate();
    state.write(attachment(), delegate.text());
    err.println(delegate.text());
    String result = delegates.run(delegate);
    try {
      Json.parse(result);
    } catch (JsonException e) {
      throw new CniException("what \"" + delegate.type() + "\" printed is " + e.getMessage());
    }
    refuseOwnNamespace();
    return result;
  }

  private DelegateConfig delegate() {
    String file = config.subnetFile().toString();
    try {
      return DelegateConfig.of(config, FlannelEnv.parse(file, read(config.subnetFile())));
    } catch (NoSuchFileException e) { // in upstream's words, which people search for
      throw new CniException(
          "open " + file + ": no such file or directory (is flanneld running on this node?)");
    } catch (IOException e) {
      throw new CniException(Reasons.of(config.subnetFile(), e));
    }
  }

  /** Bytes that are no UTF-8 become U+FFFD, as in upstream's plugin. */
  private static String read(Path file) throws IOException {
    return new String(Files.readAllBytes(file), UTF_8);
  }

  /** The subnet file is not needed for it. */
  private String del() throws IOException, InterruptedException {
    Optional<Path> found = state.find(attachment());
    if (found.isPresent()) {
      Optional<DelegateConfig> delegate = kept(found.get());
      if (delegate.isPresent()) {
        delegates.run(delegate.get());
      }
      state.remove(attachment(), found.get()); // only now: what failed is tried again (B44)
    }
    refuseOwnNamespace();
    return "";
  }

  /** Nobody could ever do a DEL with a file that cannot be read. */
  private Optional<DelegateConfig> kept(Path file) throws IOException {
    try {
      if (Json.parse(read(file)) instanceof Json.Obj object) {
        return Optional.of(DelegateConfig.kept(object));
      }
      err.println("flannel: " + file + " is no configuration of a delegate: it is no object");
    } catch (JsonException | CniException e) {
      err.println("flannel: " + file + " is no configuration of a delegate: " + e.getMessage());
    }
    return Optional.empty();
  }

  /** B45. */
  private String check() throws IOException, InterruptedException {
    Path found =
        state
            .find(attachment())
            .orElseThrow(() ->
                new CniException(
                    "no ADD of container "
                        + call.containerId()
                        + ", interface "
                        + call.ifname()
                        + ", is known in "
                        + config.dataDir()));
    DelegateConfig delegate =
        kept(found).orElseThrow(() -> new CniException(found + " cannot be read"));
    JsonFields fields = new JsonFields("", document);
    return delegates.run(
        document.member("prevResult").isPresent()
            ? delegate.with("prevResult", Gateways.named(fields.fields("prevResult").object()))
            : delegate);
  }

  /** B45: no pod can be started without the daemon's file. */
  private String status() throws IOException, InterruptedException {
    DelegateConfig delegate;
    try {
      delegate = delegate();
    } catch (CniException e) {
      throw new CniException(
          CniException.NOT_AVAILABLE, "flannel cannot serve ADD", e.getMessage());
    }
    return delegates.run(delegate);
  }

  /**
   * B45: what the delegate has collected needs no DEL any more. A runtime that knows of no
   * attachment sends {@code null}, one that does not know any sends nothing.
   */
  private String collect() throws IOException, InterruptedException {
    Optional<Json> given = Layout.member(document, VALID);
    if (given.isEmpty()) {
      return "";
    }
    Json valid = given.get() instanceof Json.Null ? new Json.Arr(List.of()) : given.get();
    Set<Attachment> attachments = attachments(valid);
    // after a boot nobody has delegated anything yet
    boolean delegated = Files.exists(config.subnetFile());
    String printed = delegated ? delegates.run(delegate().with(VALID, valid)) : "";
    forget(attachments);
    return printed;
  }

  private void forget(Set<Attachment> attachments) throws IOException {
    Set<String> containers = new HashSet<>();
    attachments.forEach(attachment -> containers.add(attachment.containerId()));
    state.removePrepared(System.currentTimeMillis() - WRITTEN_WITHIN_MILLIS);
    for (Kept kept : state.all()) {
      boolean stale =
          kept.ifname().isPresent()
              ? !attachments.contains(
                  new Attachment(kept.containerId(), kept.ifname().orElseThrow()))
              : !containers.contains(kept.containerId());
      if (stale && isOfThisNetwork(kept.path())) {
        Files.deleteIfExists(kept.path());
      }
    }
  }

  private static Set<Attachment> attachments(Json valid) {
    if (!(valid instanceof Json.Arr(List<Json> items))) {
      throw new JsonException(VALID + " must be an array");
    }
    Set<Attachment> attachments = new HashSet<>();
    for (Json item : items) {
      JsonFields fields = JsonFields.ofDocument("an item of " + VALID, item);
      attachments.add(
          new Attachment(
              fields.string("containerID").orElse(""), fields.string("ifname").orElse("")));
    }
    return attachments;
  }

  /** Networks share the directory by default. */
  private boolean isOfThisNetwork(Path file) throws IOException {
    try {
      return Json.parse(read(file)) instanceof Json.Obj object
          && Layout.member(object, "name").equals(Optional.of(new Json.Str(config.name())));
    } catch (JsonException | NoSuchFileException e) {
      return false;
    }
  }

  private Attachment attachment() {
    return new Attachment(call.containerId(), call.ifname());
  }

  private void refuseOwnNamespace() throws IOException {
    Path netns = Path.of(call.netns());
    if (!call.netns().isEmpty()
        && !call.netnsOverride()
        && Files.exists(netns)
        && Files.isSameFile(netns, OWN_NAMESPACE)) {
      throw new CniException(
          CniException.OWN_NAMESPACE,
          "the plugin runs in the container's network namespace",
          call.netns());
    }
  }
}
