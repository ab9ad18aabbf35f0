// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the API server's JSON as a stream: of a Node nothing but {@link NodeFacts} is ever in
 * memory, of a list one Node at a time. Unknown members are skipped, whatever they hold.
 */
final class NodeReader implements AutoCloseable {

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(100).build())
          .build();

  private static final String UNAVAILABLE = "NetworkUnavailable";

  private final JsonParser parser;
  private final AnnotationKeys keys;

  NodeReader(InputStream in, AnnotationKeys keys) {
    this.parser = FACTORY.createParser(ObjectReadContext.empty(), in);
    this.keys = keys;
  }

  /**
   * The end of a list's page.
   *
   * @param version {@code metadata.resourceVersion}
   * @param next token of the next page; empty after the last one
   */
  record PageEnd(String version, String next) {}

  /**
   * Reads a NodeList.
   *
   * @throws JacksonException if the text is no JSON or ends too soon
   */
  PageEnd page(Consumer<NodeFacts> nodes) {
    String[] end = {"", ""};
    begin();
    members(name -> {
      switch (name) {
        case "metadata" ->
            members(member -> {
              switch (member) {
                case "resourceVersion" -> end[0] = text();
                case "continue" -> end[1] = text();
                default -> parser.skipChildren();
              }
            });
        case "items" -> items(() -> nodes.accept(node()));
        default -> parser.skipChildren();
      }
    });
    return new PageEnd(end[0], end[1]);
  }

  /** Reads one object: a Node. */
  NodeFacts whole() {
    begin();
    return node();
  }

  /** Reads one object: {@code spec.nodeName} of a Pod; empty if it has none. */
  String nodeNameOfPod() {
    String[] found = {""};
    begin();
    members(name -> {
      if (name.equals("spec")) {
        members(member -> {
          if (member.equals("nodeName")) {
            found[0] = text();
          } else {
            parser.skipChildren();
          }
        });
      } else {
        parser.skipChildren();
      }
    });
    return found[0];
  }

  /** Reads one object: {@code message} of a Status; empty if it has none. */
  String messageOfStatus() {
    begin();
    return status().message();
  }

  /**
   * Reads the next event of a watch; empty at the end of the stream.
   *
   * @throws JacksonException also if the stream breaks inside an event
   */
  Optional<WatchEvent> event() {
    if (parser.nextToken() == null) {
      return Optional.empty();
    }
    String[] type = {""};
    List<WatchEvent> found = new ArrayList<>(1);
    members(name -> {
      switch (name) {
        case "type" -> type[0] = text();
        case "object" -> found.add(object(type[0]));
        default -> parser.skipChildren();
      }
    });
    return Optional.of(found.isEmpty() ? new WatchEvent.Other() : found.getLast());
  }

  /** The API server writes the type first. */
  private WatchEvent object(String type) {
    return switch (type) {
      case "ADDED", "MODIFIED" -> new WatchEvent.Seen(node());
      case "DELETED" -> new WatchEvent.Gone(node());
      case "BOOKMARK" -> new WatchEvent.Bookmark(node().version());
      case "ERROR" -> {
        Status status = status();
        yield new WatchEvent.Failed(status.code(), status.message());
      }
      default -> {
        parser.skipChildren();
        yield new WatchEvent.Other();
      }
    };
  }

  /** Why something failed. */
  private record Status(int code, String message) {}

  private Status status() {
    String[] message = {""};
    int[] code = {0};
    members(name -> {
      switch (name) {
        case "message" -> message[0] = text();
        case "code" -> code[0] = parser.getValueAsInt();
        default -> parser.skipChildren();
      }
    });
    return new Status(code[0] > 0 ? code[0] : ApiException.INTERNAL, message[0]);
  }

  private NodeFacts node() {
    Draft draft = new Draft();
    members(name -> {
      switch (name) {
        case "metadata" -> members(member -> metadata(member, draft));
        case "spec" -> members(member -> spec(member, draft));
        case "status" -> members(member -> statusOfNode(member, draft));
        default -> parser.skipChildren();
      }
    });
    return draft.facts();
  }

  /** A Node while it is read. */
  private static final class Draft {
    private String name = "";
    private String uid = "";
    private long version;
    private long created;
    private String podCidr = "";
    private final List<String> podCidrs = new ArrayList<>(2);
    private final Map<Annotation, String> annotations = new EnumMap<>(Annotation.class);
    private Optional<NodeFacts.Condition> networkUnavailable = Optional.empty();

    NodeFacts facts() {
      if (podCidrs.isEmpty() && !podCidr.isEmpty()) {
        podCidrs.add(podCidr);
      }
      return new NodeFacts(name, uid, version, created, podCidrs, annotations, networkUnavailable);
    }
  }

  private void metadata(String member, Draft draft) {
    switch (member) {
      case "name" -> draft.name = text();
      case "uid" -> draft.uid = text();
      case "resourceVersion" -> draft.version = NodeFacts.version(text());
      case "creationTimestamp" -> draft.created = seconds(text());
      case "annotations" ->
          members(name ->
              keys.named(name)
                  .ifPresentOrElse(
                      key -> draft.annotations.put(key, cut(text())), parser::skipChildren));
      default -> parser.skipChildren();
    }
  }

  private void spec(String member, Draft draft) {
    switch (member) {
      case "podCIDR" -> draft.podCidr = cut(text());
      case "podCIDRs" ->
          items(() -> {
            String cidr = cut(text());
            if (draft.podCidrs.size() < 3) { // more than two is wrong, and is not kept
              draft.podCidrs.add(cidr);
            }
          });
      default -> parser.skipChildren();
    }
  }

  private void statusOfNode(String member, Draft draft) {
    if (!member.equals("conditions")) {
      parser.skipChildren();
      return;
    }
    items(() -> {
      String[] read = {"", "", "", ""};
      members(name -> {
        switch (name) {
          case "type" -> read[0] = text();
          case "status" -> read[1] = cut(text());
          case "reason" -> read[2] = cut(text());
          case "lastTransitionTime" -> read[3] = cut(text());
          default -> parser.skipChildren();
        }
      });
      if (read[0].equals(UNAVAILABLE)) {
        draft.networkUnavailable = Optional.of(new NodeFacts.Condition(read[1], read[2], read[3]));
      }
    });
  }

  private void begin() {
    parser.nextToken();
  }

  /** Visits the members of the object at hand; anything else is skipped. */
  private void members(Consumer<String> member) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return;
    }
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      parser.nextToken();
      member.accept(name);
    }
  }

  private void items(Runnable item) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      item.run();
    }
  }

  /** A string's text; nothing for anything else, which is skipped. */
  private String text() {
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      return parser.getString();
    }
    parser.skipChildren();
    return "";
  }

  private static String cut(String text) {
    return text.length() <= NodeFacts.LONGEST ? text : text.substring(0, NodeFacts.LONGEST + 1);
  }

  private static long seconds(String text) {
    try {
      return Instant.parse(text).getEpochSecond();
    } catch (DateTimeParseException e) {
      return 0;
    }
  }

  @Override
  public void close() {
    parser.close();
  }
}
