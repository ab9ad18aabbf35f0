// SPDX-License-Identifier: Apache-2.0
/** What a lab consists of, as values and text: nothing here touches the machine. */
@NullMarked
package io.jflannel.flanneld.lab.plan;

import org.jspecify.annotations.NullMarked;
