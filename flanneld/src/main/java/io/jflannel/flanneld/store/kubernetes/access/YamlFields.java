// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes.access;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.jflannel.flanneld.config.ConfigException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A mapping of a YAML document; every error names the place.
 *
 * @param place the document and the path to the mapping
 */
record YamlFields(String document, String place, Map<?, ?> map) {

  static YamlFields ofDocument(String document, @Nullable Object content) {
    if (content instanceof Map<?, ?> map) {
      return new YamlFields(document, "", map);
    }
    throw new ConfigException(
        "%s is %s, not a mapping"
            .formatted(document, content == null ? "empty" : "a scalar or list"));
  }

  /** For messages: the document and the field's path. */
  String where(String field) {
    return document + ": " + place + field;
  }

  ConfigException problem(String what) {
    return new ConfigException(
        place.isEmpty()
            ? document + " " + what
            : document + ": " + place.substring(0, place.length() - 1) + ": " + what);
  }

  boolean has(String field) {
    return map.get(field) != null;
  }

  /** A scalar's text; empty if it is missing. */
  String text(String field) {
    return switch (map.get(field)) {
      case null -> "";
      case String text -> text;
      case Map<?, ?> _, List<?> _ -> throw new ConfigException(where(field) + " must be a string");
      case Object scalar -> scalar.toString();
    };
  }

  String demand(String field) {
    String text = text(field);
    if (text.isEmpty()) {
      throw new ConfigException(where(field) + " is missing");
    }
    return text;
  }

  boolean flag(String field) {
    return switch (map.get(field)) {
      case null -> false;
      case Boolean on -> on;
      case Object other ->
          throw new ConfigException(where(field) + " must be true or false, not " + other);
    };
  }

  /** Decoded; empty if it is missing. */
  Optional<String> base64(String field) {
    String text = text(field);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new String(Base64.getMimeDecoder().decode(text.getBytes(ISO_8859_1)), ISO_8859_1));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(where(field) + " is not Base64");
    }
  }

  YamlFields object(String field) {
    return switch (map.get(field)) {
      case null -> throw new ConfigException(where(field) + " is missing");
      case Map<?, ?> object -> new YamlFields(document, place + field + ".", object);
      case Object _ -> throw new ConfigException(where(field) + " must be a mapping");
    };
  }

  /** The entry of a list of mappings whose {@code name} is this. */
  YamlFields named(String list, String name) {
    if (!(map.get(list) instanceof List<?> entries)) {
      throw new ConfigException(where(list) + " is missing or no list");
    }
    for (Object entry : entries) {
      if (entry instanceof Map<?, ?> object && name.equals(object.get("name"))) {
        return new YamlFields(document, "%s%s[%s].".formatted(place, list, name), object);
      }
    }
    throw new ConfigException("%s has no entry named \"%s\"".formatted(where(list), name));
  }
}
