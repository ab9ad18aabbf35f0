// SPDX-License-Identifier: Apache-2.0
/** rtnetlink: links, addresses, routes, nexthops, neighbours and their changes (rtnetlink(7)). */
package io.jflannel.linux.route;
