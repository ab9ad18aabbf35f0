// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(InNamespace.class)
final class IpsecPoliciesTest {

  @Test
  void aNewNamespaceHasNone() {
    assertThat(IpsecPolicies.any()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"in", "out"})
  void onePolicyIsSeenUntilItIsGone(String direction) {
    String policy = "src 192.0.2.1 dst 192.0.2.2 dir " + direction;
    Shell.run("ip xfrm policy add " + policy + " tmpl proto esp mode transport");
    assertThat(IpsecPolicies.any()).isTrue();
    Shell.run("ip xfrm policy delete " + policy);
    assertThat(IpsecPolicies.any()).isFalse();
  }
}
