// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import java.util.function.Supplier;

/** A kernel: where states are made real, and what happens there without us. Used by one thread. */
public interface Kernel extends AutoCloseable {

  Target target();

  Surroundings surroundings();

  /**
   * Begins to tell of changes that others make to what concerns us, until {@link #close}; a second
   * call begins anew. Our own changes are not told.
   *
   * @param interest what concerns us now; asked from another thread
   * @param listener told on another thread
   * @throws io.jflannel.linux.LinuxException if the kernel does not tell
   */
  void listen(Supplier<Interest> interest, Listener listener);

  @Override
  void close();

  /** Who is told. Each method may be called by any thread. */
  interface Listener {

    /** Others changed something. */
    void disturbed(Disturbance disturbance);

    /**
     * Nothing will be told any more.
     *
     * @param cause a {@link io.jflannel.linux.LinuxException} if the kernel is the reason, else a
     *     bug
     */
    void deaf(Throwable cause);
  }

  /**
   * What concerns us.
   *
   * @param parent the external interface's name
   * @param wanted what should be: an event that tells just that is no news
   * @param ways whether the ways to other nodes matter (DirectRouting)
   */
  record Interest(Ownership ownership, String parent, State wanted, Ways ways) {}

  /** Whether routes outside our network concern us. */
  enum Ways {
    MATTER,
    IGNORED
  }

  /**
   * Something changed without us.
   *
   * @param what the kind of object, for people and for counting
   * @param portId netlink port of who did it, mostly its process id; 0 if the kernel does not say
   */
  record Disturbance(What what, int portId) {}

  /** Kinds of objects. */
  enum What {
    DEVICE("device"),
    ADDRESS("address"),
    SETTING("setting"),
    ROUTE("route"),
    NEIGHBOUR("neighbour"),
    FDB("FDB entry"),
    NEXTHOP("nexthop object"),
    PEER("tunnel peer"),
    UNKNOWN("something");

    private final String name;

    What(String name) {
      this.name = name;
    }

    /** What a resource is. */
    public static What of(Resource resource) {
      return switch (resource) {
        case Resource.Device _, Resource.OtherDevice _ -> DEVICE;
        case Resource.DeviceAddress _ -> ADDRESS;
        case Resource.DeviceSysctl _ -> SETTING;
        case Resource.Nexthop _ -> NEXTHOP;
        case Resource.FdbEntry _ -> FDB;
        case Resource.Neighbour _ -> NEIGHBOUR;
        case Resource.TunnelPeer _ -> PEER;
        case Resource.Route _ -> ROUTE;
      };
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
