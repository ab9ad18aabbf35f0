// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
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

  /** The file and why it could not be handled, which the JDK leaves to the exception's class. */
  static CniException of(IOException e) {
    return new CniException(
        switch (e) {
          case AccessDeniedException _ -> e.getMessage() + ": permission denied";
          case NoSuchFileException _ -> e.getMessage() + ": no such file or directory";
          case FileAlreadyExistsException _ ->
              e.getMessage() + ": is there already, and is something else";
          case NotDirectoryException _ -> e.getMessage() + ": is no directory";
          case DirectoryNotEmptyException _ ->
              e.getMessage() + ": is a directory that is not empty";
          case FileSystemException file when file.getReason() != null ->
              String.valueOf(e.getMessage());
          default -> e.getClass().getSimpleName() + ": " + e.getMessage();
        });
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
