// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.config.ConfigException;
import java.util.Map;
import java.util.regex.Pattern;

/** Which node this is (KUB-1). */
sealed interface NodeName {

  /** What a name of an object can be: it becomes part of a URL. */
  Pattern FORM = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");

  /** {@code NODE_NAME} says it. */
  record Known(String name) implements NodeName {}

  /** Our pod's Node has to be asked for. */
  record OfPod(String namespace, String pod) implements NodeName {}

  /**
   * From the environment.
   *
   * @throws ConfigException naming the variable that is missing or wrong
   */
  static NodeName of(Map<String, String> environment) {
    String node = environment.getOrDefault("NODE_NAME", "");
    if (!node.isEmpty()) {
      return new Known(checked("NODE_NAME", node));
    }
    String pod = environment.getOrDefault("POD_NAME", "");
    String namespace = environment.getOrDefault("POD_NAMESPACE", "");
    if (pod.isEmpty() || namespace.isEmpty()) {
      throw new ConfigException(
          "Which node is this? The environment variable NODE_NAME, or POD_NAME and POD_NAMESPACE,"
              + " must be set (with -kube-subnet-mgr)");
    }
    return new OfPod(checked("POD_NAMESPACE", namespace), checked("POD_NAME", pod));
  }

  private static String checked(String variable, String value) {
    if (FORM.matcher(value).matches()) {
      return value;
    }
    throw new ConfigException(
        "Invalid %s \"%s\": not the name of a Kubernetes object (lower case letters, digits, - and"
                .formatted(variable, value.length() > 60 ? value.substring(0, 60) + "..." : value)
            + " .)");
  }
}
