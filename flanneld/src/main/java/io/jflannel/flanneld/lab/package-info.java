// SPDX-License-Identifier: Apache-2.0
/**
 * The lab: a flannel network of several hosts on one machine, in network namespaces. It is the
 * demonstration ({@code jflannel lab}) and the harness of the end-to-end tests.
 *
 * <p>{@link io.jflannel.flanneld.lab.LabSpec} says what is wanted, {@code Topology} and {@code
 * Wiring} decide (pure values and text), {@code Commands} and {@code Child} do, {@link
 * io.jflannel.flanneld.lab.Lab} puts them in order.
 */
@NullMarked
package io.jflannel.flanneld.lab;

import org.jspecify.annotations.NullMarked;
