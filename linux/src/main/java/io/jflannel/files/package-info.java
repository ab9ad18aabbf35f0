// SPDX-License-Identifier: Apache-2.0
/** What the daemon and the CNI plugin say of files. Pure: no I/O. */
package io.jflannel.files;
