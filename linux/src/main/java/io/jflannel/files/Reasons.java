// SPDX-License-Identifier: Apache-2.0
package io.jflannel.files;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** Why a file could not be handled, in words. */
public final class Reasons {

  private Reasons() {}

  /**
   * The file, or both of a move, and the reason, which the JDK leaves to the exception's class
   * where it has one.
   */
  public static String of(IOException e) {
    return e instanceof FileSystemException file && file.getReason() == null
        ? file.getMessage() + ": " + words(file)
        : e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /**
   * As {@link #of(IOException)}; names the file also where the JDK does not: a directory, mostly.
   */
  public static String of(Path file, IOException e) {
    return e instanceof FileSystemException ? of(e) : file + ": " + of(e);
  }

  private static String words(FileSystemException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file or directory";
      case FileAlreadyExistsException _ -> "is there already, and is something else";
      case NotDirectoryException _ -> "is no directory";
      case DirectoryNotEmptyException _ -> "is a directory that is not empty";
      case FileSystemLoopException _ -> "symbolic links lead back to themselves";
      default -> e.getClass().getSimpleName();
    };
  }
}
