// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.json.Json;
import java.nio.file.Path;
import java.time.Instant;

/**
 * What does not change while the daemon runs.
 *
 * @param options by flag name, without secrets
 */
public record About(String version, long pid, Instant started, Json.Obj options, Path subnetFile) {}
