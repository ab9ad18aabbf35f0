// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.cni.FlannelEnv;
import io.jflannel.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RenderingTest {

  private static final String V4 =
      "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";
  private static final String V6 =
      "FLANNEL_IPV6_NETWORK=fc00::/48\nFLANNEL_IPV6_SUBNET=fc00::1/64\n";
  private static final String BRIDGE =
      "'hairpinMode':true,'ipMasq':false,'ipam':{'ranges':[[{'subnet':'10.244.1.0/24'}]],"
          + "'routes':[{'dst':'10.244.0.0/16'}],'type':'host-local'},'isDefaultGateway':true,'isGateway':true,"
          + "'mtu':1450,'type':'bridge'";
  private static final String DELEGATE = "'delegate':{'hairpinMode':true,'isDefaultGateway':true}";

  @Test
  void stockManifest() { // CNI/17.3
    assertThat(
            resolved(
                "{'name':'cbr0','cniVersion':'0.3.1','plugins':[{'type':'flannel',"
                    + DELEGATE
                    + "},{'type':'portmap','capabilities':{'portMappings':true}}]}"))
        .isEqualTo(
            json(
                "{'name':'cbr0','cniVersion':'0.3.1','plugins':[{"
                    + BRIDGE
                    + "},{'type':'portmap','capabilities':{'portMappings':true}}]}"));
  }

  @Test
  void theTextIsReadableAndEndsWithALine() {
    assertThat(text("{'name':'n','plugins':[{'type':'flannel'}]}"))
        .startsWith("{\n  \"name\": \"n\",\n  \"plugins\": [\n    {\n      \"ipMasq\": false,\n")
        .endsWith("\n}\n");
  }

  @Test
  void theListsOwnMembersAndOtherPluginsAreKept() {
    String around =
        "{'x':1.50,'disableCheck':true,'name':'a_b.c-1','plugins':[{'type':'tuning','sysctl':{'b':'1','a':'2'}},%s,"
            + "{'type':'bandwidth','name':'kept'}],'cniVersion':'0.3.1','cniVersions':['0.3.1']}";

    assertThat(resolved(around.formatted("{'type':'flannel'," + DELEGATE + "}")))
        .isEqualTo(json(around.formatted("{" + BRIDGE + "}")));
  }

  @Test
  void dual() { // CNI/17.3, C5
    Rendering rendering =
        Rendering.of(
            json("{'name':'n','plugins':[{'type':'flannel'}]}"), FlannelEnv.parse("f", V4 + V6));

    assertThat(compact(rendering))
        .contains(
            json("'ranges':[[{'subnet':'10.244.1.0/24'}],[{'subnet':'fc00::/64'}]]"),
            json("'routes':[{'dst':'10.244.0.0/16'},{'dst':'fc00::/48'}]"));
  }

  @Test
  void aSingleConfigurationBecomesAList() {
    assertThat(resolved("{'name':'cbr0','cniVersion':'0.3.1','type':'flannel'," + DELEGATE + "}"))
        .isEqualTo(json("{'cniVersion':'0.3.1','name':'cbr0','plugins':[{" + BRIDGE + "}]}"));
    assertThat(resolved("{'name':'cbr0','type':'flannel'," + DELEGATE + "}"))
        .isEqualTo(json("{'name':'cbr0','plugins':[{" + BRIDGE + "}]}"));
  }

  @Test
  void ipamOfTheEntryIsKept() { // CNI/17.3, C8
    assertThat(
            resolved(
                "{'name':'n','plugins':[{'type':'flannel','ipam':{'dataDir':'/d','routes':[{'dst':'10.96.0.0/12'}]}}]}"))
        .contains(
            json("'dataDir':'/d'"),
            json("'routes':[{'dst':'10.96.0.0/12'},{'dst':'10.244.0.0/16'}]"));
  }

  @Test
  void theRuntimeIsToldOfTheEntrysCapabilities() { // CNI/17.1: runtimeConfig goes to the delegate
    assertThat(
            resolved(
                "{'name':'n','plugins':[{'type':'flannel','capabilities':{'mac':true},"
                    + "'delegate':{'capabilities':{'ips':true}}}]}"))
        .contains(json("'capabilities':{'mac':true}"))
        .doesNotContain("ips");
    assertThat(
            resolved(
                "{'name':'n','plugins':[{'type':'flannel','delegate':{'capabilities':{'ips':true}}}]}"))
        .doesNotContain("capabilities");
  }

  @Test
  void whatThePluginDoesNotForwardIsDropped() { // CNI/17.1
    assertThat(
            resolved(
                "{'name':'n','plugins':[{'type':'flannel','subnetFile':'/s','dataDir':'/d','dns':{},'args':{},'mtu':1,"
                    + "'name':'other','cniVersion':'9',"
                    + DELEGATE
                    + "}]}"))
        .isEqualTo(json("{'name':'n','plugins':[{" + BRIDGE + "}]}"));
  }

  @Test
  void whereThereIsACheckRoutesNameTheirGateway() { // CNI/17.3; bridge's CHECK finds no others
    String text =
        "{'name':'n','cniVersion':'%s','plugins':[{'type':'flannel','ipam':{%s'routes':[{'dst':'10.96.0.0/12','gw':'10.244.1.9'}]}}]}";

    assertThat(resolved(text.formatted("0.4.0", "")))
        .contains(
            json(
                "'routes':[{'dst':'10.96.0.0/12','gw':'10.244.1.9'},{'dst':'10.244.0.0/16','gw':'10.244.1.1'}]"));
    assertThat(resolved(text.formatted("0.3.1", ""))).contains(json("{'dst':'10.244.0.0/16'}"));
    assertThat(resolved(text.formatted("1.0.0", "'type':'dhcp',")))
        .contains(json("{'dst':'10.244.0.0/16'}"));
  }

  @Test
  void anotherDelegate() { // CNI/17.3
    assertThat(
            resolved(
                "{'name':'n','plugins':[{'type':'flannel','delegate':{'type':'ptp','mtu':9}}]}"))
        .contains(json("'mtu':9,'type':'ptp'"))
        .doesNotContain("isGateway");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "~~|the text is empty",
        "{'name'|no JSON",
        "[]|it is no JSON object",
        "7|it is no JSON object",
        "{'plugins':[{'type':'flannel'}]}|missing network name",
        "{'name':'../x','plugins':[{'type':'flannel'}]}|invalid characters in the network name: ../x",
        "{'name':7,'plugins':[{'type':'flannel'}]}|`name` must be a string",
        "{'name':'n','cniVersion':1,'plugins':[{'type':'flannel'}]}|`cniVersion` must be a string",
        "{'name':'n','cniVersion':'3.0.0','plugins':[{'type':'flannel'}]}|incompatible CNI versions",
        "{'name':'n','plugins':{}}|`plugins` must be an array",
        "{'name':'n','plugins':null}|`plugins` must be an array",
        "{'name':'n','plugins':[]}|no plugin of it is of type flannel",
        "{'name':'n','plugins':[{'type':'bridge'}]}|no plugin of it is of type flannel",
        "{'name':'n','type':'bridge'}|no plugin of it is of type flannel",
        "{'name':'n'}|a plugin has no `type`",
        "{'name':'n','plugins':[{'type':'flannel'},{}]}|a plugin has no `type`",
        "{'name':'n','plugins':[{'type':7}]}|`type` must be a string",
        "{'name':'n','plugins':[{'type':'flannel'},7]}|plugins: 7 is no object",
        "{'name':'n','plugins':[{'type':'flannel','delegate':7}]}|delegate: 7 must be an object",
        "{'name':'n','plugins':[{'type':'flannel','delegate':{'name':'x'}}]}|'delegate' must not have 'name'",
        "{'name':'n','plugins':[{'type':'flannel','delegate':{'ipam':{}}}]}|'delegate' must not have 'ipam'",
        "{'name':'n','plugins':[{'type':'flannel','delegate':{'type':7}}]}|'type' of 'delegate' must be a string",
        "{'name':'n','plugins':[{'type':'flannel','delegate':{'type':'flannel'}}]}|`flannel` is no plugin to delegate to",
        "{'name':'n','plugins':[{'type':'flannel','delegate':{'type':''}}]}|`` is no plugin to delegate to",
        "{'name':'n','plugins':[{'type':'flannel','delegate':{'type':'../sh'}}]}|`../sh` is no plugin to delegate to",
        "{'name':'n','plugins':[{'type':'flannel','ipam':{'routes':7}}]}|'routes' of 'ipam' must be an array"
      })
  void refused(String template, String reason) {
    assertThat(rendering(template))
        .isInstanceOfSatisfying(
            Rendering.Refused.class,
            refused -> assertThat(refused.reason()).contains(reason.replace('`', '"')));
  }

  private static Rendering rendering(String template) {
    return Rendering.of(json(template), FlannelEnv.parse("f", V4));
  }

  private static String text(String template) {
    return switch (rendering(template)) {
      case Rendering.Resolved(String text) -> text;
      case Rendering.Refused(String reason) -> throw new AssertionError(reason);
    };
  }

  private static String resolved(String template) {
    return Json.parse(text(template)).text();
  }

  private static String compact(Rendering rendering) {
    return Json.parse(((Rendering.Resolved) rendering).text()).text();
  }

  private static String json(String text) {
    return text.replace('\'', '"');
  }
}
