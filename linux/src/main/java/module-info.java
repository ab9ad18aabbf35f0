// SPDX-License-Identifier: Apache-2.0
/**
 * Linux networking for Java: rtnetlink, nf_tables and eBPF over the FFM API. The only module with
 * native access.
 */
@org.jspecify.annotations.NullMarked
module io.jflannel.linux {
  requires static org.jspecify;

  exports io.jflannel.files;
  exports io.jflannel.linux;
  exports io.jflannel.linux.bpf;
  exports io.jflannel.linux.netfilter;
  exports io.jflannel.linux.route;
  exports io.jflannel.linux.tun;
  exports io.jflannel.net;
}
