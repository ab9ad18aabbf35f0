// SPDX-License-Identifier: Apache-2.0
/**
 * Logging: {@code java.util.logging} behind {@code System.Logger}, written to stderr in klog's form
 * or as JSON (spec CLI-6).
 */
@NullMarked
package io.jflannel.flanneld.log;

import org.jspecify.annotations.NullMarked;
