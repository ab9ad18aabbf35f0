// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why a file could not be handled, in words. */
public final class Reasons {

  private Reasons() {}

  /** The file and the reason, which the JDK leaves to the exception's class where it has one. */
  public static String of(IOException e) {
    return e instanceof FileSystemException file && file.getReason() == null
        ? file.getFile() + ": " + words(file)
        : e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static String words(FileSystemException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file or directory";
      case FileAlreadyExistsException _ -> "is there already, and is something else";
      case NotDirectoryException _ -> "is no directory";
      case FileSystemLoopException _ -> "symbolic links lead back to themselves";
      default -> e.getClass().getSimpleName();
    };
  }
}
