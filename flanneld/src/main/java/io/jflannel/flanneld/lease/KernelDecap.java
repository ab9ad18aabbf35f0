// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.json.Json;
import java.util.List;
import java.util.Optional;

/**
 * Whether a node of the udp backend unwraps datagrams in the kernel, as its lease says it. A sender
 * must know: what its kernel wraps may have an unfinished inner checksum or be a super-packet where
 * the underlay hands these on (veth, virtio), and user space would pass on nonsense.
 *
 * <p>BackendData is {@code {"KernelDecap":1}}; BackendType stays empty. Upstream's udp backend
 * reads neither (backends.md 6.1, 6.4), and writes none.
 */
public sealed interface KernelDecap {

  /** The key in BackendData. */
  String KEY = "KernelDecap";

  /**
   * The form that this version sends and understands: UDP checksum 0, DF, inner IPv4 without
   * options, checksum and segmentation as the underlay leaves them.
   */
  int FORM = 1;

  /**
   * It does.
   *
   * @param form the newest it understands, from 1 on; it understands all older ones too
   */
  record Announced(int form) implements KernelDecap {}

  /** No data or no such key: upstream, or a node without eBPF. */
  record Absent() implements KernelDecap {}

  /** It cannot be used, for {@code reason}. */
  record Bad(String reason) implements KernelDecap {}

  /** Whether it takes what our fast path sends. */
  default boolean takesOurs() {
    return this instanceof Announced(int form) && form >= FORM;
  }

  /** What a node that has attached its fast path writes into its lease. */
  static Json data() {
    return new Json.Obj(List.of(new Json.Member(KEY, new Json.Num(Integer.toString(FORM)))));
  }

  /** What the lease of a node says. */
  static KernelDecap of(LeaseAttributes attributes) {
    Optional<Json> data = attributes.backendData();
    if (data.isEmpty() || !attributes.backendType().isEmpty()) {
      return new Absent();
    }
    if (!(data.get() instanceof Json.Obj object)) {
      return new Bad("backend data is no JSON object");
    }
    return object.member(KEY).map(KernelDecap::parse).orElse(new Absent());
  }

  private static KernelDecap parse(Json value) {
    if (value instanceof Json.Num(String literal) && literal.matches("[1-9][0-9]{0,8}")) {
      return new Announced(Integer.parseInt(literal));
    }
    return new Bad(KEY + " is " + value.text() + ", not a number from 1 on");
  }
}
