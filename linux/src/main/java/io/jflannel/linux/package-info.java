// SPDX-License-Identifier: Apache-2.0
/** Linux networking: rtnetlink, network namespaces, sysctls. */
package io.jflannel.linux;
