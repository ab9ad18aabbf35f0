// SPDX-License-Identifier: Apache-2.0
/**
 * The lab: a flannel network of several hosts on one machine, in network namespaces. It is the
 * demonstration ({@code jflannel lab}) and the harness of the end-to-end tests.
 *
 * <p>{@link io.jflannel.flanneld.lab.plan.LabSpec} says what is wanted, {@code plan} turns it into
 * namespaces and scripts, {@code process} runs them, {@link io.jflannel.flanneld.lab.Lab} puts it
 * all in order.
 */
@NullMarked
package io.jflannel.flanneld.lab;

import org.jspecify.annotations.NullMarked;
