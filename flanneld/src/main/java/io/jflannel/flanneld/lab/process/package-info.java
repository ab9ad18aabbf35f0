// SPDX-License-Identifier: Apache-2.0
/** Commands, processes and what a run leaves on the machine, so that all of it can be removed. */
@NullMarked
package io.jflannel.flanneld.lab.process;

import org.jspecify.annotations.NullMarked;
