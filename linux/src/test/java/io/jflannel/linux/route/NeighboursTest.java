// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Neighbours and FDB entries in the real kernel. */
@ExtendWith(InNamespace.class)
final class NeighboursTest {

  private static final MacAddress MAC = MacAddress.parse("0e:00:00:00:00:01");
  private static final MacAddress OTHER_MAC = MacAddress.parse("0e:00:00:00:00:02");

  private RouteSocket socket;
  private Underlay underlay;

  @BeforeEach
  void open() {
    socket = RouteSocket.open();
    underlay = Underlay.create(socket);
  }

  @AfterEach
  void close() {
    socket.close();
  }

  @Test
  void neighboursArePutListedAndDeleted() {
    int index = underlay.vxlan("flannel.1");
    for (String text : List.of("10.244.2.0", "fd00:10:244:2::")) {
      Neighbour first = Neighbour.permanent(index, Ip.parse(text), MAC);
      Neighbour second = Neighbour.permanent(index, Ip.parse(text), OTHER_MAC);
      Family family = first.ip().family();
      socket.execute(new Request.PutNeighbour(first));
      assertThat(permanent(index, family)).containsExactly(first);
      socket.execute(new Request.PutNeighbour(second));
      assertThat(permanent(index, family)).containsExactly(second);
      assertThat(socket.neighbours(0, family)).contains(second);
      assertThat(socket.neighbours(underlay.link(), family)).doesNotContain(second);
      socket.execute(new Request.DeleteNeighbour(second));
      assertThat(permanent(index, family)).isEmpty();
    }
    Neighbour absent = Neighbour.permanent(index, Ip.parse("10.9.9.9"), MAC);
    assertThatThrownBy(() -> socket.execute(new Request.DeleteNeighbour(absent)))
        .hasMessageContaining("ENOENT");
  }

  private List<Neighbour> permanent(int index, Family family) {
    return socket.neighbours(index, family).stream().filter(Neighbour::permanent).toList();
  }

  @Test
  void fdbEntriesArePutListedAndDeleted() { // semantics.txt 4
    int index = underlay.vxlan("flannel.1");
    FdbEntry first = FdbEntry.permanent(index, MAC, Ip.parse("10.77.0.2"));
    FdbEntry second = FdbEntry.permanent(index, MAC, Ip.parse("10.77.0.3"));
    socket.execute(new Request.PutFdb(first));
    assertThat(socket.fdb(index)).containsExactly(first);
    socket.execute(new Request.PutFdb(second));
    assertThat(socket.fdb(index)).containsExactly(second);
    assertThat(Shell.run("bridge fdb show dev flannel.1"))
        .contains("0e:00:00:00:00:01 dst 10.77.0.3 self permanent");
    assertThat(socket.execute(List.of(new Request.DeleteFdb(first)))).isEmpty();
    assertThat(socket.fdb(index)).as("wrong remote: ok, but not deleted").containsExactly(second);
    socket.execute(new Request.DeleteFdb(second));
    assertThat(socket.fdb(index)).isEmpty();
    assertThatThrownBy(() -> socket.execute(new Request.DeleteFdb(second)))
        .hasMessageContaining("ENOENT");
    FdbEntry withoutSelf = new FdbEntry(index, MAC, first.remote(), Neighbour.PERMANENT, 0);
    assertThatThrownBy(() -> socket.execute(new Request.PutFdb(withoutSelf)))
        .hasMessageContaining("EOPNOTSUPP");
  }

  @Test
  void aNewMacFlushesPermanentNeighboursOnly() { // measured.md
    int index = underlay.vxlan("flannel.1");
    Ip ip = Ip.parse("10.244.2.0");
    FdbEntry fdb = FdbEntry.permanent(index, OTHER_MAC, Ip.parse("10.77.0.2"));
    Route route = Route.onlink(Cidr.parse("10.244.2.0/24"), ip, index);
    socket.execute(
        List.of(
            new Request.PutNeighbour(Neighbour.permanent(index, ip, OTHER_MAC)),
            new Request.PutFdb(fdb),
            new Request.AddRoute(route)));
    socket.execute(new Request.SetLinkMac(index, MAC));
    assertThat(permanent(index, Family.V4)).isEmpty();
    assertThat(socket.fdb(index)).contains(fdb);
    assertThat(socket.routes(RouteFilter.main(Family.V4).withLink(index))).contains(route);
  }
}
