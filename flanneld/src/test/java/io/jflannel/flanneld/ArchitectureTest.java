// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channel;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** The rules of ARCHITECTURE.md that a program can check. */
class ArchitectureTest {

  private static final String OURS = "io.jflannel.flanneld.";

  /** From what everything stands on to what stands on everything; nobody looks up. */
  private static final List<String> LAYERS =
      List.of(
          "config",
          "flow",
          "log",
          "lease",
          "state",
          "iface",
          "store..",
          "traffic",
          "firewall",
          "fastpath",
          "backend",
          "kernel",
          "reconcile",
          "subnetfile",
          "status",
          "cni",
          "cleanup",
          "daemon",
          "lab..",
          "cli.command");

  private static final String[] PURE = {
    "io.jflannel.json",
    OURS + "config",
    OURS + "lease",
    OURS + "state",
    OURS + "iface",
    OURS + "backend",
    OURS + "traffic"
  };

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.jflannel");

  @Test
  void dependenciesPointOneWay() {
    for (int i = 0; i < LAYERS.size(); i++) {
      String[] above =
          LAYERS.subList(i + 1, LAYERS.size()).stream().map(OURS::concat).toArray(String[]::new);
      if (above.length > 0) {
        noClasses()
            .that()
            .resideInAPackage(OURS + LAYERS.get(i))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(above)
            .allowEmptyShould(true)
            .check(CLASSES);
      }
    }
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching(OURS + "(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void purePackagesDoNoInputOrOutput() {
    noClasses()
        .that()
        .resideInAnyPackage(PURE)
        .should()
        .dependOnClassesThat(
            assignableToAny(
                    Files.class,
                    InputStream.class,
                    OutputStream.class,
                    Reader.class,
                    Channel.class,
                    Process.class,
                    System.Logger.class)
                .or(resideInAnyPackage("java.net..", "java.nio.channels..", OURS + "kernel"))
                .or(resideInAPackage("io.jflannel.linux..")))
        .check(CLASSES);
  }

  @Test
  void purePackagesKnowNoClockRandomOrThread() {
    noClasses()
        .that()
        .resideInAnyPackage(PURE)
        .should()
        .dependOnClassesThat(
            assignableToAny(Thread.class, Clock.class, Random.class, SplittableRandom.class)
                .or(resideInAPackage("java.util.concurrent..")))
        .orShould()
        .callMethod(Instant.class, "now")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(System.class, "getenv")
        .orShould()
        .callMethod(Math.class, "random")
        .check(CLASSES);
  }

  @Test
  void foreignFunctionsAreCalledInOnePackage() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.jflannel.linux.ffi")
        .should()
        .dependOnClassesThat(
            resideInAPackage("java.lang.foreign")
                .and(not(belongToAnyOf(Arena.class, MemorySegment.class, ValueLayout.class))))
        .check(CLASSES);
  }

  @Test // off-heap memory as such is no call
  void foreignMemoryIsTheLinuxModulesConcern() {
    noClasses()
        .that()
        .resideOutsideOfPackages("io.jflannel.linux.ffi", "io.jflannel.linux.tun")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign")
        .check(CLASSES);
  }

  @Test
  void theDaemonLoadsNoCommandLineLibrary() {
    noClasses()
        .that()
        .resideOutsideOfPackages(OURS + "cli.command", OURS + "lab..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("picocli..")
        .check(CLASSES);
  }

  @Test
  void onlyTheStoresSpeakGrpc() {
    noClasses()
        .that()
        .resideOutsideOfPackages(OURS + "store..", "io.jflannel.etcd..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.grpc..", "io.netty..", "com.google.protobuf..")
        .check(CLASSES);
  }

  @Test // each class costs time at the start of each pod
  void thePluginNeedsLittle() {
    noClasses()
        .that()
        .resideInAPackage("io.jflannel.cni")
        .should()
        .dependOnClassesThat(
            assignableToAny(System.Logger.class, Executor.class)
                .or(
                    resideInAnyPackage(
                        "io.jflannel.linux..", "java.net..", "java.util.logging..", "java.time..")))
        .check(CLASSES);
  }

  private static DescribedPredicate<JavaClass> assignableToAny(Class<?>... types) {
    DescribedPredicate<JavaClass> any = DescribedPredicate.alwaysFalse();
    for (Class<?> type : types) {
      any = any.or(JavaClass.Predicates.assignableTo(type));
    }
    return any.as("classes that touch the outside");
  }
}
