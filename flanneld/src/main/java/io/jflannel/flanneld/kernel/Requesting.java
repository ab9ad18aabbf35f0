// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.linux.route.FdbEntry;
import io.jflannel.linux.route.LinkAddress;
import io.jflannel.linux.route.Neighbour;
import io.jflannel.linux.route.Nexthop;
import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.Route;
import java.util.Optional;

/** One change of an address or an entry as one request; what deletes is as exact as can be. */
final class Requesting {

  private final LinkNames names;
  private final NexthopIds ids;

  Requesting(LinkNames names, NexthopIds ids) {
    this.names = names;
    this.ids = ids;
  }

  /** The outcome of translating. */
  sealed interface Step {
    /** To be sent. */
    record Send(Request request) implements Step {}

    /** What is to be deleted cannot exist. */
    record Nothing() implements Step {}

    /** It cannot be asked for. */
    record Impossible(String reason) implements Step {}
  }

  Step put(Resource resource) {
    return switch (resource) {
      case DeviceAddress(var device, var cidr) ->
          onDevice(device, index -> new Request.AddAddress(LinkAddress.of(index, cidr)));
      case Resource.FdbEntry(var device, var mac, var remote) ->
          onDevice(device, index -> new Request.PutFdb(FdbEntry.permanent(index, mac, remote)));
      case Resource.Neighbour(var device, var ip, var mac) ->
          onDevice(device, index -> new Request.PutNeighbour(Neighbour.permanent(index, ip, mac)));
      case Resource.Nexthop(var device, var gateway, var onlink) ->
          onDevice(
              device,
              index -> {
                ids.adding(index);
                return new Request.AddNexthop(
                    Nexthop.via(gateway, index, onlink, NexthopIds.PROTOCOL));
              });
      case Resource.Route route -> putRoute(route);
      case Resource.Device _, Resource.OtherDevice _, DeviceSysctl _, Resource.TunnelPeer _ ->
          new Step.Impossible(resource + " is no entry");
    };
  }

  private Step putRoute(Resource.Route route) {
    Route base = Route.to(route.destination());
    return switch (route.via()) {
      case Via.Gateway(var device, var gateway, boolean onlink) ->
          onDevice(
              device,
              index ->
                  new Request.ReplaceRoute(
                      Route.via(route.destination(), gateway).withLink(index).withOnlink(onlink)));
      case Via.ViaNexthop(var device, var gateway, boolean onlink) ->
          ids.id(new Resource.Key.NexthopObject(device, gateway, onlink))
              .<Step>map(id -> new Step.Send(new Request.ReplaceRoute(base.withNexthop(id))))
              .orElseGet(
                  () -> new Step.Impossible("no nexthop object via " + gateway + " on " + device));
      case Via.Direct(var device) ->
          onDevice(device, index -> new Request.ReplaceRoute(base.withLink(index)));
      case Via.Blackhole() ->
          new Step.Send(new Request.ReplaceRoute(Route.blackhole(route.destination())));
      case Via.Foreign(var description) ->
          new Step.Impossible("a foreign route is never wanted: " + description);
    };
  }

  Step delete(Resource resource) {
    return switch (resource) {
      case DeviceAddress(var device, var cidr) ->
          ofDevice(device, index -> new Request.DeleteAddress(LinkAddress.of(index, cidr)));
      case Resource.FdbEntry(var device, var mac, var remote) ->
          ofDevice(device, index -> new Request.DeleteFdb(FdbEntry.permanent(index, mac, remote)));
      case Resource.Neighbour(var device, var ip, var mac) ->
          ofDevice(
              device, index -> new Request.DeleteNeighbour(Neighbour.permanent(index, ip, mac)));
      case Resource.Nexthop nexthop -> {
        Optional<Integer> id = ids.id(nexthop.key());
        ids.forget(nexthop.key());
        yield id.<Step>map(known -> new Step.Send(new Request.DeleteNexthop(known)))
            .orElse(new Step.Nothing());
      }
      case Resource.Route route -> deleteRoute(route);
      case Resource.Device _, Resource.OtherDevice _, DeviceSysctl _, Resource.TunnelPeer _ ->
          new Step.Impossible(resource + " is no entry");
    };
  }

  /** IPv4 takes metric 0 as "any", IPv6 too; only IPv6 can name its default. */
  private Step deleteRoute(Resource.Route route) {
    Route base =
        Route.to(route.destination())
            .withMetric(route.destination().ip().isV4() ? 0 : EntryReader.METRIC_V6);
    return switch (route.via()) {
      case Via.Gateway(var device, var gateway, boolean _) ->
          ofDevice(
              device,
              index ->
                  new Request.DeleteRoute(
                      Route.via(route.destination(), gateway)
                          .withMetric(base.metric())
                          .withLink(index)));
      case Via.ViaNexthop(var device, var gateway, boolean onlink) ->
          ids.id(new Resource.Key.NexthopObject(device, gateway, onlink))
              .<Step>map(id -> new Step.Send(new Request.DeleteRoute(base.withNexthop(id))))
              .orElse(new Step.Nothing());
      case Via.Direct(var device) ->
          ofDevice(device, index -> new Request.DeleteRoute(base.withLink(index)));
      case Via.Blackhole() ->
          new Step.Send(
              new Request.DeleteRoute(
                  Route.blackhole(route.destination()).withMetric(base.metric())));
      case Via.Foreign _ -> new Step.Impossible("a foreign route is never deleted");
    };
  }

  /** Whether the change needs an id that only a new read can tell. */
  boolean needsId(Change change) {
    return !(change instanceof Change.Delete)
        && change.resource()
            instanceof
            Resource.Route(var _, Via.ViaNexthop(var device, var gateway, boolean onlink))
        && ids.id(new Resource.Key.NexthopObject(device, gateway, onlink)).isEmpty()
        && names.index(device).filter(ids::mustBeRead).isPresent();
  }

  private Step onDevice(String device, ForIndex request) {
    return names
        .index(device)
        .<Step>map(index -> new Step.Send(request.of(index)))
        .orElseGet(() -> new Step.Impossible("there is no device " + device));
  }

  private Step ofDevice(String device, ForIndex request) {
    return names
        .index(device)
        .<Step>map(index -> new Step.Send(request.of(index)))
        .orElse(new Step.Nothing());
  }

  @FunctionalInterface
  private interface ForIndex {
    Request of(int index);
  }
}
