// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatusDocumentTest {

  @Test
  void document() {
    Facts facts = Samples.working().with(Samples.networkWithPeerProblem("no VTEP MAC yet"));

    assertThat(StatusDocument.of(Samples.ABOUT, facts, Samples.NOW).text())
        .isEqualTo(
            """
            {"version":"0.1.0","pid":4711,"started":"2026-11-22T13:21:14Z",\
            "written":"2026-11-22T13:22:14Z","ready":true,"reasons":[],\
            "lease":{"state":"held","subnet":"10.5.1.0/24","publicIp":"192.0.2.1",\
            "backend":"vxlan","expires":"2026-11-23T12:22:14Z"},\
            "store":{"description":"etcd v3 at http://192.0.2.9:2379","connected":true,\
            "since":"2026-11-22T13:21:44Z","complete":true},\
            "interface":{"name":"eth0","mtu":1500,"address":"192.0.2.1","publicIp":"192.0.2.1"},\
            "subnetFile":{"path":"/run/flannel/subnet.env","state":"written"},\
            "network":{"problems":[],"lastPass":{"at":"2026-11-22T13:22:14Z","put":6,\
            "deleted":1,"milliseconds":12,"cpuMilliseconds":8},\
            "totals":{"cpuMilliseconds":31,"messages":12},"repairs":3,"opponents":[]},\
            "traffic":{"engine":"iptables (nft)","problems":[],"notes":["a note"],"repairs":2,\
            "opponents":[]},\
            "peers":[{"subnet":"10.5.2.0/24","publicIp":"192.0.2.2","backend":"vxlan",\
            "programmed":true},{"subnet":"10.5.3.0/24","publicIp":"192.0.2.3",\
            "backend":"vxlan","programmed":false,"reason":"no VTEP MAC yet"}],\
            "refusedCount":1,"refused":[{"key":"10.9.0.0-24","reason":"outside 10.5.0.0/16"}],\
            "options":{"etcd-prefix":"/coreos.com/network"}}\
            """);
  }

  @Test
  void readableText() {
    Facts facts = Samples.working().with(Samples.networkWithPeerProblem("no VTEP MAC yet"));

    assertThat(text(facts, true))
        .isEqualTo(
            """
            daemon       running, version 0.1.0, pid 4711
            ready        yes
            lease        10.5.1.0/24, expires in 23 h 00 min
            store        etcd v3 at http://192.0.2.9:2379, connected since 2026-11-22T13:21:44Z
            interface    eth0, MTU 1500, 192.0.2.1, announced as 192.0.2.1
            subnet file  /run/flannel/subnet.env, written
            network      last change at 2026-11-22T13:22:14Z: 6 put, 1 deleted in 12 ms; 3 repairs since the start
            rules        iptables (nft), as wanted; 2 repairs since the start
                         - a note
            peers        2 wanted, 1 programmed
                         - 10.5.3.0/24 via 192.0.2.3: no VTEP MAC yet
            refused      1 keys
                         - 10.9.0.0-24: outside 10.5.0.0/16
            """);
  }

  @Test
  void theCniConfigurationIsShownWhereItIsKept() {
    About about =
        new About(
            "0.1.0",
            1,
            Samples.NOW,
            new Json.Obj(List.of(new Json.Member("cni-output", new Json.Str("/c.conflist")))),
            Path.of("/s"));
    Facts facts = Samples.working().withCni(new FileState.Failed("no JSON"));

    assertThat(StatusDocument.of(about, facts, Samples.NOW).text())
        .contains(
            "\"cniConfiguration\":{\"path\":\"/c.conflist\",\"state\":\"failed\",\"reason\":\"no JSON\"}");
    assertThat(text(facts, true)).contains("CNI file     , failed: no JSON\n");
  }

  @Test
  void whatOthersWriteCannotCommandATerminal() {
    Facts facts = Samples.working().with(Samples.networkWithPeerProblem("\u001b[2J\n\u009b31m"));

    assertThat(text(facts, true)).contains(": \\x1b[2J\\x0a\\x9b31m\n");
    assertThat(StatusDocument.text(Samples.ABOUT, facts, Samples.NOW))
        .contains("\\u001b[2J\\n\\u009b31m");
  }

  @Test
  void readableTextOfADaemonThatWaits() {
    Facts facts =
        Facts.atStart()
            .running()
            .withStore("directory /var/lib/x")
            .with(Samples.view(new OwnLease.Waiting("out of subnets")));

    assertThat(text(facts, false))
        .startsWith(
            """
            daemon       NOT RUNNING, version 0.1.0, pid 4711
                         what follows is what it wrote last, at 2026-11-22T13:22:14Z
            ready        no
                         - lease: out of subnets
                         - network: not programmed yet
                         - traffic: rules not looked at yet
                         - subnet file: not written yet
            lease        waiting: out of subnets
            """)
        .contains("interface    not chosen yet\n")
        .contains("peers        2 wanted, 0 programmed\n");
  }

  @Test
  void aDaemonThatDoesNotRunIsNotReady() {
    assertThat(text(Samples.working(), false))
        .contains("\nready        no: it was, but it does not run\n")
        .doesNotContain("yes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[]", "1", "{\"pid\":\"x\"}"})
  void somethingElseIsNoStatus(String text) {
    assertThatThrownBy(() -> StatusText.of(Json.parse(text)).pid())
        .isInstanceOf(JsonException.class);
  }

  @Test // backend udp
  void theTunnelTellsWhatItCarriesAndDrops() {
    String document =
        """
        {"pid":1,"tunnel":{"device":"flannel0","datapath":"ebpf","fallbacks":["no UDP_GRO: x"],
         "sent":{"packets":7},"received":{"packets":8},"drops":{"no_route":2,"unknown_sender":3},
         "kernel":{"sent":{"packets":70},"received":{"packets":80},"others":{}}}}
        """;

    assertThat(StatusText.of(Json.parse(document)).text(Samples.NOW, true))
        .contains(
            """
            tunnel       flannel0, data path ebpf; packets: 7 sent, 8 received, 2 no route, 3 unknown sender
                         by the kernel alone: 70 sent, 80 received
                         - no UDP_GRO: x
            """);
  }

  private static String text(Facts facts, boolean running) {
    String json = StatusDocument.of(Samples.ABOUT, facts, Samples.NOW).text();
    return StatusText.of(Json.parse(json)).text(Samples.NOW, running);
  }
}
