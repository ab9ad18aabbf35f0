// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static io.jflannel.cni.PluginConfigTest.config;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.json.JsonException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DelegateConfigTest {

  private static final String TAIL = "FLANNEL_MTU=1472\nFLANNEL_IPMASQ=true\n";
  private static final String V4 =
      "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.17.1/24\n" + TAIL;
  private static final String V6 =
      "FLANNEL_IPV6_NETWORK=fc00::/48\nFLANNEL_IPV6_SUBNET=fc00::1/64\n" + TAIL;

  @Test
  void stockManifest() { // CNI/17.3, "Typical D"
    assertThat(
            delegate(
                "{'name':'cbr0','cniVersion':'0.3.1','type':'flannel',"
                    + "'delegate':{'hairpinMode':true,'isDefaultGateway':true}}",
                "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"))
        .isEqualTo(
            json(
                "{'cniVersion':'0.3.1','hairpinMode':true,'ipMasq':false,'ipam':{'ranges':[[{'subnet':'10.244.1.0/24'}]],"
                    + "'routes':[{'dst':'10.244.0.0/16'}],'type':'host-local'},'isDefaultGateway':true,'isGateway':true,"
                    + "'mtu':1450,'name':'cbr0','type':'bridge'}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "C1|FLANNEL_NETWORK=10.1.0.0/16;FLANNEL_SUBNET=10.1.17.1/24|[{'subnet':'10.1.17.0/24'}]|{'dst':'10.1.0.0/16'}",
        "C3|FLANNEL_NETWORK=10.1.0.0/16,192.168.0.0/16;FLANNEL_SUBNET=10.1.17.1/24|[{'subnet':'10.1.17.0/24'}]"
            + "|{'dst':'10.1.0.0/16'},{'dst':'192.168.0.0/16'}",
        "C4|FLANNEL_IPV6_NETWORK=fc00::/48;FLANNEL_IPV6_SUBNET=fc00::1/64|[{'subnet':'fc00::/64'}]|{'dst':'fc00::/48'}",
        "C5|FLANNEL_IPV6_NETWORK=fc00::/48;FLANNEL_IPV6_SUBNET=fc00::1/64;FLANNEL_NETWORK=10.1.0.0/16;FLANNEL_SUBNET=10.1.17.1/24"
            + "|[{'subnet':'10.1.17.0/24'}],[{'subnet':'fc00::/64'}]|{'dst':'10.1.0.0/16'},{'dst':'fc00::/48'}"
      },
      quoteCharacter = '`')
  void families(String conformanceCase, String env, String ranges, String routes) { // CNI/17.3
    assertThat(
            delegate(
                "{'name':'cni-flannel','type':'flannel'}", env.replace(';', '\n') + "\n" + TAIL))
        .as(conformanceCase)
        .isEqualTo(
            json(
                "{'ipMasq':false,'ipam':{'ranges':["
                    + ranges
                    + "],'routes':["
                    + routes
                    + "],'type':'host-local'},'isGateway':true,'mtu':1472,'name':'cni-flannel','type':'bridge'}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|'ipMasq':false|'isGateway':true",
        "{'type':'bridge'}|'type':'bridge'|'isGateway':true",
        "{'ipMasq':true}|'ipMasq':true|'mtu':1472",
        "{'ipMasq':null}|'ipMasq':null|'mtu':1472",
        "{'mtu':9000}|'mtu':9000|'ipMasq':false",
        "{'isGateway':false}|'isGateway':false|'type':'bridge'",
        "{'mtu':1472.50,'b':{'z':1,'a':2}}|'mtu':1472.50|'b':{'a':2,'z':1}",
        "{'cniVersion':'0.1.0'}|'cniVersion':'0.4.0'|'name':'n'",
        "{'runtimeConfig':{'a':1}}|'runtimeConfig':{'a':1}|'name':'n'"
      },
      quoteCharacter = '`')
  void whatDelegateSaysIsKept(String delegate, String one, String other) { // CNI/17.3
    assertThat(delegate("{'cniVersion':'0.4.0','name':'n','delegate':" + delegate + "}", V4))
        .contains(json(one), json(other));
  }

  @Test
  void anotherPluginIsNoGateway() { // CNI/17.3
    assertThat(delegate("{'name':'n','delegate':{'type':'ptp'}}", V4))
        .contains(json("'type':'ptp'"))
        .doesNotContain("isGateway");
  }

  @Test
  void masqueradeIsTheDaemonsNegation() { // CNI/17.3
    assertThat(delegate("{'name':'n'}", V4.replace("=true", "=false")))
        .contains(json("'ipMasq':true"));
  }

  @Test
  void runtimeConfigIsCopied() { // CNI/17.3
    assertThat(
            delegate(
                "{'name':'n','runtimeConfig':{'mac':'00:11:22:33:44:55'},'delegate':{'runtimeConfig':{'x':1}}}",
                V4))
        .contains(json("'runtimeConfig':{'mac':'00:11:22:33:44:55'}"));
  }

  @Test
  void nothingElseIsForwarded() { // CNI/17.1
    assertThat(
            delegate(
                "{'name':'n','prevResult':{'a':1},'dns':{},'args':{},'capabilities':{'mac':true},'isGateway':false}",
                V4))
        .isEqualTo(delegate("{'name':'n'}", V4));
  }

  @ParameterizedTest
  @CsvSource({"my-ipam,my-ipam", ",host-local"})
  void ipamIsKeptAndItsRoutesComeFirst(String given, String expected) { // CNI/17.3, C8, C9
    String type = given == null ? "" : "'type':'" + given + "',";
    assertThat(
            delegate(
                "{'name':'n','ipam':{"
                    + type
                    + "'unknown-param':'unknown-value','ranges':[[{'subnet':'1.2.3.0/24'}]],'routes':[{'dst':'10.96.0.0/12'},"
                    + "{'dst':'192.168.244.0/24','gw':'10.1.17.20'}]}}",
                V4))
        .contains(
            json(
                "'ipam':{'ranges':[[{'subnet':'10.1.17.0/24'}]],'routes':[{'dst':'10.96.0.0/12'},"
                    + "{'dst':'192.168.244.0/24','gw':'10.1.17.20'},{'dst':'10.1.0.0/16'}],'type':'"
                    + expected
                    + "','unknown-param':'unknown-value'}"));
  }

  @Test
  void aRouteHasSevenFields() { // CNI/17.3
    assertThat(
            delegate(
                "{'name':'n','ipam':{'routes':[{'DST':'0.0.0.0/0','gw':null,'mtu':1400,'advmss':1360,'priority':5,"
                    + "'table':100,'scope':0,'foo':1}]}}",
                V4))
        .contains(
            json(
                "{'advmss':1360,'dst':'0.0.0.0/0','mtu':1400,'priority':5,'scope':0,'table':100},"));
  }

  @Test // as Go reads them: no gateway, and numbers that say nothing
  void whatSaysNothingOfARouteIsLeftOut() { // CNI/17.3
    assertThat(
            delegate(
                "{'name':'n','ipam':{'routes':[{'dst':'0.0.0.0/0','gw':'','mtu':0,'advmss':0,'priority':0,'table':0,"
                    + "'scope':0}]}}",
                V4))
        .contains(json("{'dst':'0.0.0.0/0','scope':0,'table':0},"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'routes':{}}",
        "{'routes':'x'}",
        "{'routes':[7]}",
        "{'routes':[{}]}",
        "{'routes':[{'dst':null}]}",
        "{'routes':[{'dst':'10.0.0.0'}]}",
        "{'routes':[{'dst':'10.0.0.0/8','gw':'x'}]}",
        "{'routes':[{'dst':'10.0.0.0/8','mtu':'1'}]}"
      })
  void badRoutesAreRefused(String ipam) { // CNI/17.3
    assertThatThrownBy(() -> delegate("{'name':'n','ipam':" + ipam + "}", V4))
        .isInstanceOf(JsonException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'name':'x'}",
        "{'name':null}",
        "{'ipam':{}}",
        "{'ipam':null}",
        "{'type':7}",
        "{'type':null}"
      })
  void delegateMustNotSayThis(String delegate) { // CNI/17.3, C10
    assertThatThrownBy(() -> delegate("{'name':'n','delegate':" + delegate + "}", V6))
        .isInstanceOf(CniException.class)
        .hasMessageContaining("'delegate'");
  }

  private static String delegate(String config, String env) {
    return DelegateConfig.of(config(config), FlannelEnvTest.parse(env)).text();
  }

  private static String json(String text) {
    return text.replace('\'', '"');
  }
}
