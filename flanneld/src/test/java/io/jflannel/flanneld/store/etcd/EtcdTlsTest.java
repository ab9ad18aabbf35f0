// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.TestCertificates.Kind;
import io.jflannel.flanneld.store.etcd.TestCertificates.Pair;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** TLS with both APIs against real servers (P11, ETC-6, ODD-15). */
class EtcdTlsTest {

  @TempDir static Path directory;

  @SuppressWarnings("NullAway.Init")
  private static TestCertificates certificates;

  /** Asks for no client certificate. */
  @SuppressWarnings("NullAway.Init")
  private static EtcdServer open;

  /** Demands a client certificate of our authority. */
  @SuppressWarnings("NullAway.Init")
  private static EtcdServer strict;

  private static final List<EtcdServer> SERVERS = new ArrayList<>();

  @BeforeAll
  static void launch() throws Exception {
    certificates = new TestCertificates(directory.resolve("pki"));
    open = launch(certificates.server("server"));
    strict =
        launch(
            certificates.server("strict"),
            "--client-cert-auth",
            "--trusted-ca-file=" + certificates.authority());
  }

  private static EtcdServer launch(Pair pair, String... more) {
    List<String> options =
        new ArrayList<>(
            List.of("--enable-v2", "--cert-file=" + pair.cert(), "--key-file=" + pair.key()));
    options.addAll(List.of(more));
    EtcdServer server = EtcdServer.launchTls(options.toArray(String[]::new));
    SERVERS.add(server);
    return server;
  }

  @AfterAll
  static void closeServers() {
    SERVERS.forEach(EtcdServer::close);
  }

  private static void works(EtcdFlags flags, EtcdApi api) throws Exception {
    try (Registry registry = EtcdRegistries.open(flags.prefix("/" + System.nanoTime()).api(api))) {
      assertThat(registry.create("a", "b", Expiry.LEASED))
          .isInstanceOf(Registry.Written.Done.class);
      assertThat(registry.list().entries()).hasSize(1);
    }
  }

  private static void fails(EtcdFlags flags, EtcdApi api, String... parts) {
    try (Registry registry = EtcdRegistries.open(flags.api(api))) {
      assertThatThrownBy(registry::list)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(flags.endpoints().getFirst())
          .hasMessageContainingAll(parts);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void anAuthorityAloneIsHonoured(EtcdApi api) throws Exception { // ODD-15
    works(EtcdFlags.at(open.url()).ca(certificates.authority()), api);
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void clientCertificatesWorkWithKeysOfAllForms(EtcdApi api) throws Exception {
    for (Kind kind : Kind.values()) {
      Pair pair = certificates.client("client-" + kind, kind);
      works(
          EtcdFlags.at(strict.url()).ca(certificates.authority()).client(pair.cert(), pair.key()),
          api);
    }
  }

  @Test
  void autoLooksThroughTlsToo() throws Exception {
    Pair pair = certificates.client("client-auto", Kind.PKCS1);
    EtcdFlags flags =
        EtcdFlags.at(strict.url()).ca(certificates.authority()).client(pair.cert(), pair.key());
    try (Registry v2 = EtcdRegistries.open(flags.api(EtcdApi.V2));
        Registry auto = EtcdRegistries.open(flags.prefix("/auto").api(EtcdApi.AUTO))) {
      assertThat(auto.config()).isEmpty();
      assertThat(v2.config()).isEmpty();
    }
    fails(EtcdFlags.at(strict.url()).ca(certificates.authority()), EtcdApi.V3, "certificate");
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aMissingClientCertificateIsNamedAsTheReason(EtcdApi api) {
    fails(EtcdFlags.at(strict.url()).ca(certificates.authority()), api, "--etcd-certfile");
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aForeignServerIsNotTrustedAndTheFileIsNamed(EtcdApi api) throws Exception {
    TestCertificates other = new TestCertificates(directory.resolve("other-" + api));
    fails(EtcdFlags.at(open.url()).ca(other.authority()), api, other.authority().toString());
    fails(EtcdFlags.at(open.url()), api, "not signed by an authority in");
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void anExpiredServerCertificateIsCalledSo(EtcdApi api) throws Exception {
    EtcdServer expired = launch(certificates.expired("expired-" + api));
    fails(EtcdFlags.at(expired.url()).ca(certificates.authority()), api, "expired");
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void anExpiredClientCertificateIsCalledSo(EtcdApi api) throws Exception {
    Pair pair = certificates.expired("expired-client-" + api);
    fails(
        EtcdFlags.at(strict.url()).ca(certificates.authority()).client(pair.cert(), pair.key()),
        api,
        pair.cert() + " expired on");
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aCertificateForAnotherHostIsRefused(EtcdApi api) throws Exception {
    EtcdServer elsewhere = launch(certificates.elsewhere("elsewhere-" + api));
    fails(EtcdFlags.at(elsewhere.url()).ca(certificates.authority()), api, "is for another host");
  }

  @ParameterizedTest
  @EnumSource(EtcdApi.class)
  void theWrongSchemeIsAClearErrorBothWays(EtcdApi api) throws Exception {
    try (EtcdServer plain = EtcdServer.launch("--enable-v2")) {
      try (Registry registry =
          EtcdRegistries.open(
              EtcdFlags.at(plain.url().replace("http:", "https:"))
                  .ca(certificates.authority())
                  .api(api))) {
        assertThatThrownBy(registry::config).hasMessageContaining("should the endpoint be http://");
      }
    }
    try (Registry registry =
        EtcdRegistries.open(EtcdFlags.at(open.url().replace("https:", "http:")).api(api))) {
      assertThatThrownBy(registry::config)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("https");
    }
  }

  @Test
  void aRenewedClientCertificateIsTakenOver() throws Exception {
    Pair pair = certificates.expired("renewed");
    EtcdFlags flags =
        EtcdFlags.at(strict.url()).ca(certificates.authority()).client(pair.cert(), pair.key());
    try (Registry registry = EtcdRegistries.open(flags.api(EtcdApi.V3))) {
      assertThatThrownBy(registry::list).isInstanceOf(StoreException.class);
      Pair fresh = certificates.client("renewed", Kind.SEC1);
      assertThat(fresh).isEqualTo(pair);
      Files.setLastModifiedTime(fresh.key(), java.nio.file.attribute.FileTime.fromMillis(1));
      assertThat(registry.list().entries()).isNotNull();
    }
  }

  @Test
  void filesThatCannotBeUsedAreNamed() throws Exception {
    Pair one = certificates.client("one", Kind.PKCS1);
    Pair two = certificates.client("two", Kind.SEC1);
    Path text = Files.writeString(directory.resolve("text.pem"), "no certificate here\n");
    Path missing = directory.resolve("missing.pem");
    Path sealed = directory.resolve("sealed.pem");
    TestPrograms.run(
        List.of(
            "openssl",
            "rsa",
            "-in",
            one.key().toString(),
            "-aes128",
            "-traditional",
            "-passout",
            "pass:x",
            "-out",
            sealed.toString()),
        java.util.Map.of());
    EtcdFlags flags = EtcdFlags.at("https://127.0.0.1:1").ca(certificates.authority());

    refused(flags.ca(text), text + " holds no PEM certificate");
    refused(flags.ca(missing), missing + " does not exist");
    refused(flags.ca(directory), directory + " must be a file of at most");
    refused(flags.ca(Path.of("/dev/zero")), "/dev/zero must be a file of at most");
    refused(flags.client(missing, one.key()), "--etcd-certfile: file " + missing);
    refused(flags.client(one.cert(), missing), "--etcd-keyfile: file " + missing);
    refused(flags.client(one.cert(), text), "holds no PEM private key");
    refused(flags.client(one.cert(), sealed), "encrypted");
    refused(flags.client(one.cert(), two.key()), "do not belong together");
  }

  private static void refused(EtcdFlags flags, String part) {
    assertThatThrownBy(() -> EtcdRegistries.open(flags.api(EtcdApi.V3)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(part);
  }

  @Test
  void unusedCertificatesAndHalfConfigurationsAreWarnedAbout() throws Exception { // ODD-15, ETC-7
    Pair pair = certificates.client("unused", Kind.PKCS1);

    assertThat(warnings(EtcdFlags.at("http://a:1").ca(certificates.authority())))
        .contains("not used: the endpoints are http://");
    assertThat(warnings(EtcdFlags.at("http://a:1").client(pair.cert(), pair.key())))
        .contains("not used: the endpoints are http://");
    assertThat(warnings(EtcdFlags.at("https://a:1").client(pair.cert(), Path.of(""))))
        .contains("go together");
    assertThat(warnings(EtcdFlags.at("http://a:1").user("root", ""))).contains("no authentication");
    assertThat(warnings(EtcdFlags.at("http://a:1"))).isEmpty();
    assertThatThrownBy(() ->
            EtcdRegistries.open(
                EtcdFlags.at("http://a:1").client(pair.cert(), Path.of("")).api(EtcdApi.V2)))
        .isInstanceOf(ConfigException.class); // 7.1
  }

  private static String warnings(EtcdFlags flags) {
    return String.join("; ", EtcdAccess.of(flags.api(EtcdApi.V3)).warnings());
  }

  @Test
  void noTextShowsThePassword() { // P37
    EtcdFlags flags = EtcdFlags.at("http://127.0.0.1:1").user("root", "s3cret");
    EtcdAccess access = EtcdAccess.of(flags.api(EtcdApi.V3));
    assertThat(access.toString()).contains("root").doesNotContain("s3cret");
    try (Registry registry = EtcdRegistries.open(flags.api(EtcdApi.V3))) {
      assertThat(registry.description() + registry.configHint()).doesNotContain("s3cret");
    }
  }
}
