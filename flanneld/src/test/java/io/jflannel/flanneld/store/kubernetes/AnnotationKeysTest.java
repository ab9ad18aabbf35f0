// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.ConfigException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** KUB-3, golden/kubernetes.md part 1. */
class AnnotationKeysTest {

  @ParameterizedTest
  @CsvSource({
    "flannel.alpha.coreos.com, flannel.alpha.coreos.com/backend-type",
    "flannel.alpha.coreos.com/, flannel.alpha.coreos.com/backend-type",
    "flannel.alpha.coreos.com/prefix, flannel.alpha.coreos.com/prefix-backend-type",
    "flannel.alpha.coreos.com/prefix-, flannel.alpha.coreos.com/prefix-backend-type",
    "org.com, org.com/backend-type",
    "org9.com, org9.com/backend-type",
    "org.com/9, org.com/9-backend-type",
    "org.com/pre, org.com/pre-backend-type",
    "a_b.c-d.org/x_y, a_b.c-d.org/x_y-backend-type",
  })
  void isCompleted(String prefix, String name) {
    AnnotationKeys keys = AnnotationKeys.under(prefix);

    assertThat(keys.name(Annotation.TYPE)).isEqualTo(name);
    assertThat(keys.named(name)).contains(Annotation.TYPE);
    assertThat(keys.named(name + "x")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "org",
        "org/",
        "org/prefix",
        "org.COM",
        "org.com/PREFIX",
        "ORG.example.com", // ODD-43
        "x org.com",
        "",
        "/",
        "-",
        ".com",
        "org..com",
        "org.com/a.b",
      })
  void isRefused(String prefix) {
    assertThatThrownBy(() -> AnnotationKeys.under(prefix))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Invalid kube-annotation-prefix option \"" + prefix + "\"")
        .hasMessageContaining("fqdn/[0-9a-z-_]*");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/b/c", "org.com//", "//"})
  void hasOneSlash(String prefix) {
    assertThatThrownBy(() -> AnnotationKeys.under(prefix))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("at most a single slash");
  }
}
