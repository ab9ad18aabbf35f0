// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PluginConfigTest {

  @Test
  void defaults() { // CNI/17.1, C6
    assertThat(config("{'name':'cbr0','type':'flannel'}"))
        .isEqualTo(
            new PluginConfig(
                "",
                "cbr0",
                Path.of("/run/flannel/subnet.env"),
                Path.of("/var/lib/cni/flannel"),
                new Json.Obj(List.of()),
                new Json.Obj(List.of()),
                Optional.empty()));
  }

  @Test
  void everyField() { // CNI/17.1
    assertThat(
            config(
                "{'cniVersion':'0.3.1','name':'n','type':'flannel','subnetFile':'/a/b','dataDir':'/c','delegate':{'mtu':1},"
                    + "'ipam':{'type':'x'},'runtimeConfig':{'mac':'m'},'prevResult':{},'dns':{},'args':{},"
                    + "'capabilities':{'mac':true}}"))
        .isEqualTo(
            new PluginConfig(
                "0.3.1",
                "n",
                Path.of("/a/b"),
                Path.of("/c"),
                object("{'mtu':1}"),
                object("{'type':'x'}"),
                Optional.of(object("{'mac':'m'}"))));
  }

  @Test
  void namesMatchWithoutCaseAndNullIsAbsent() { // CNI/17.1: a Go struct
    assertThat(
            config("{'NAME':'n','delegate':null,'IPAM':null,'runtimeConfig':null,'dataDir':null}"))
        .isEqualTo(config("{'name':'n'}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'name':7}",
        "{'type':7}",
        "{'cniVersion':1}",
        "{'subnetFile':[]}",
        "{'subnetFile':''}",
        "{'dataDir':''}",
        "{'dataDir':'a\\u0000b'}",
        "{'delegate':'bridge'}",
        "{'delegate':[]}",
        "{'ipam':'host-local'}",
        "{'runtimeConfig':true}",
        "[]",
        "7"
      })
  void wrongTypesAreRefused(String text) { // CNI/17.1
    assertThatThrownBy(() -> config(text)).isInstanceOf(JsonException.class);
  }

  static PluginConfig config(String text) {
    return PluginConfig.of(Json.parse(text.replace('\'', '"')));
  }

  static Json.Obj object(String text) {
    return (Json.Obj) Json.parse(text.replace('\'', '"'));
  }
}
