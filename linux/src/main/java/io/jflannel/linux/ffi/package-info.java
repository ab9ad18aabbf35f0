// SPDX-License-Identifier: Apache-2.0
/** Every call into the C library. Nothing outside this package uses the linker. */
package io.jflannel.linux.ffi;
