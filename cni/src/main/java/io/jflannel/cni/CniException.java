// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import io.jflannel.files.Reasons;
import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;

/** What a CNI plugin answers when it fails (spec 17.5): an error object for stdout. */
public final class CniException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  static final int INCOMPATIBLE_VERSION = 1;
  static final int BAD_ENVIRONMENT = 4;
  static final int UNREADABLE_INPUT = 5;
  static final int NOT_JSON = 6;
  static final int BAD_NAME = 7;
  static final int OWN_NAMESPACE = 8;
  static final int NOT_AVAILABLE = 50;
  static final int OTHER = 999;

  private final String message;
  private final String object;

  private CniException(String message, String object) {
    super(message);
    this.message = message;
    this.object = object;
  }

  /** An error with a code of 17.5. */
  CniException(int code, String message) {
    this(message, object(code, message, ""));
  }

  CniException(int code, String message, String details) {
    this(message + ": " + details, object(code, message, details));
  }

  /** Any other error of the plugin: code 999. */
  public CniException(String message) {
    this(OTHER, message);
  }

  /** What could not be read or written, and why. */
  static CniException of(IOException e) {
    return new CniException(
        e instanceof FileSystemException
            ? Reasons.of(e)
            : e.getClass().getSimpleName() + ": " + e.getMessage());
  }

  /**
   * The error of a delegate, which is passed on as it came.
   *
   * @param object a JSON object
   */
  static CniException ofDelegate(String object) {
    return new CniException("a delegate failed: " + object, object);
  }

  private static String object(int code, String message, String details) {
    List<Json.Member> members = new ArrayList<>();
    members.add(new Json.Member("code", new Json.Num(Integer.toString(code))));
    members.add(new Json.Member("msg", new Json.Str(message)));
    if (!details.isEmpty()) {
      members.add(new Json.Member("details", new Json.Str(details)));
    }
    return Layout.indented(new Json.Obj(members));
  }

  /** The error object as text. */
  String object() {
    return object;
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return message;
  }
}
