// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.config.ConfigException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The names of the annotations under {@code --kube-annotation-prefix} (KUB-3). */
public final class AnnotationKeys {

  private static final Pattern NORMAL =
      Pattern.compile("[a-z0-9_-]+(\\.[a-z0-9_-]+)+/([a-z0-9_-]+-)?"); // anchored (ODD-43)

  private final String prefix;
  private final Map<String, Annotation> byName = new HashMap<>();

  private AnnotationKeys(String prefix) {
    this.prefix = prefix;
    for (Annotation annotation : Annotation.values()) {
      byName.put(prefix + annotation.text(), annotation);
    }
  }

  /**
   * The names under {@code prefix}, which may lack its end: {@code org.com} is {@code org.com/},
   * {@code org.com/pre} is {@code org.com/pre-}.
   *
   * @throws ConfigException if it cannot begin the name of an annotation
   */
  public static AnnotationKeys under(String prefix) {
    int slash = prefix.indexOf('/');
    if (slash >= 0 && prefix.indexOf('/', slash + 1) >= 0) {
      throw bad(prefix, "it can contain at most a single slash");
    }
    String whole = slash < 0 ? prefix + "/" : prefix;
    String normal = whole.endsWith("/") || whole.endsWith("-") ? whole : whole + "-";
    if (!NORMAL.matcher(normal).matches()) {
      throw bad(
          prefix,
          "it must have the form fqdn/[0-9a-z-_]*, in lower case, such as"
              + " flannel.alpha.coreos.com or example.org/pre");
    }
    return new AnnotationKeys(normal);
  }

  private static ConfigException bad(String prefix, String why) {
    return new ConfigException(
        "Invalid kube-annotation-prefix option \"%s\": %s".formatted(prefix, why));
  }

  /** The whole name. */
  String name(Annotation annotation) {
    return prefix + annotation.text();
  }

  /** Which one has this name; empty if it is not flannel's. */
  Optional<Annotation> named(String name) {
    return Optional.ofNullable(byName.get(name));
  }
}
