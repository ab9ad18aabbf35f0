// SPDX-License-Identifier: Apache-2.0
/**
 * eBPF without clang: an assembler, and programs, maps and TCX links over bpf(2) (linux/bpf.h).
 * Needs CAP_BPF and CAP_NET_ADMIN; TCX needs Linux 6.6. Little-endian machines only.
 */
package io.jflannel.linux.bpf;
