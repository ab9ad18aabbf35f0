// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static io.jflannel.cni.PluginConfigTest.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.json.JsonException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatewaysTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{}|{}",
        "{'routes':null}|{'routes':null}",
        "{'ips':[],'routes':[{'dst':'10.0.0.0/8'}]}|{'ips':[],'routes':[{'dst':'10.0.0.0/8'}]}",
        "{'ips':[{'gateway':'10.0.0.1'},{'gateway':'10.0.0.2'}],'routes':[{'dst':'10.0.0.0/8','gw':null}]}"
            + "|{'ips':[{'gateway':'10.0.0.1'},{'gateway':'10.0.0.2'}],'routes':[{'dst':'10.0.0.0/8','gw':'10.0.0.1'}]}",
        "{'ips':[{'gateway':'fc00::1'}],'routes':[{'dst':'10.0.0.0/8'},{'dst':'fc00::/48'}]}"
            + "|{'ips':[{'gateway':'fc00::1'}],'routes':[{'dst':'10.0.0.0/8'},{'dst':'fc00::/48','gw':'fc00::1'}]}"
      })
  void aRouteTakesTheFirstGatewayOfItsFamily(String result, String named) {
    assertThat(Gateways.named(object(result)).text()).isEqualTo(named.replace('\'', '"'));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{'routes':[7]}", "{'routes':[{'dst':'x'}]}", "{'ips':[{'gateway':'x'}]}"})
  void whatCannotBeReadIsRefused(String result) {
    assertThatThrownBy(() -> Gateways.named(object(result))).isInstanceOf(JsonException.class);
  }
}
