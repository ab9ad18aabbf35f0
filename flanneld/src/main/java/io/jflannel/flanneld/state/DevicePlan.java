// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.Device;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.Key;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Target.Change;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Stage 1: devices (made anew if they cannot become what is wanted, else changed in place), their
 * settings and addresses, and up last (backends.md 3.2 and 3.4).
 */
final class DevicePlan {

  private final List<Change> changes = new ArrayList<>();
  private final State wanted;
  private final State actual;
  private final Set<String> fresh = new HashSet<>();

  private DevicePlan(State wanted, State actual) {
    this.wanted = wanted;
    this.actual = actual;
  }

  static List<Change> between(State wanted, State actual, Plan.Limits limits) {
    var plan = new DevicePlan(wanted, actual);
    List<Device> devices = plan.devices();
    List<Device> down = new ArrayList<>();
    for (Device device : devices) {
      if (!plan.prepare(device)) {
        down.add(device);
      }
    }
    plan.putSettings();
    for (Device device : down) {
      plan.changes.add(new Change.Replace(device, device.withUp(false)));
    }
    if (limits.mayDelete()) {
      plan.deleteTheRest();
    }
    return plan.changes;
  }

  private List<Device> devices() {
    List<Device> devices = new ArrayList<>();
    for (Resource resource : wanted.all()) {
      if (resource instanceof Device device) {
        devices.add(device);
      }
    }
    devices.sort(Comparator.comparing(Device::name));
    return devices;
  }

  /** Makes or changes the device, all but setting it up; answers whether it is up already. */
  private boolean prepare(Device device) {
    Optional<Resource> found = actual.get(device.key());
    if (found.isPresent() && found.get() instanceof Device there && device.reachableFrom(there)) {
      Device almost = device.withUp(there.up());
      if (!almost.satisfiedBy(there)) {
        changes.add(new Change.Replace(almost, there));
      }
      return there.up() || !device.up();
    }
    if (!(device instanceof TunDevice)) { // another process's TUN device is not ours to end
      found.ifPresent(there -> changes.add(new Change.Delete(there)));
    }
    changes.add(new Change.Add(device.withUp(false)));
    fresh.add(device.name());
    return !device.up();
  }

  private void putSettings() {
    for (Resource resource : wanted.all()) {
      if (resource instanceof DeviceSysctl sysctl) {
        put(sysctl, sysctl.device());
      }
    }
    for (Resource resource : wanted.all()) {
      if (resource instanceof DeviceAddress address) {
        put(address, address.device());
      }
    }
  }

  private void put(Resource setting, String device) {
    Optional<Resource> found = found(setting.key(), device);
    if (found.isEmpty()) {
      changes.add(new Change.Add(setting));
    } else if (!setting.satisfiedBy(found.get())) {
      changes.add(new Change.Replace(setting, found.get()));
    }
  }

  /** What is there now and still will be when the device is ready. */
  private Optional<Resource> found(Key key, String device) {
    return fresh.contains(device) ? Optional.empty() : actual.get(key);
  }

  private void deleteTheRest() {
    for (Resource resource : actual.all()) {
      if (wanted.has(resource.key())) {
        continue;
      }
      switch (resource) {
        case DeviceAddress address when !fresh.contains(address.device()) ->
            changes.add(new Change.Delete(address));
        case Device device -> changes.add(new Change.Delete(device));
        case OtherDevice device -> changes.add(new Change.Delete(device));
        case DeviceAddress _, DeviceSysctl _ -> {}
        case Resource.Nexthop _,
            Resource.FdbEntry _,
            Resource.Neighbour _,
            Resource.TunnelPeer _,
            Resource.Route _ -> {}
      }
    }
  }
}
