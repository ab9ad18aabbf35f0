// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What people read of files that could not be handled. */
class CniExceptionTest {

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(new AccessDeniedException("/a"), "/a: permission denied"),
        Arguments.of(new AccessDeniedException("/a", "/b", null), "/a -> /b: permission denied"),
        Arguments.of(new NoSuchFileException("/a"), "/a: no such file or directory"),
        Arguments.of(new DirectoryNotEmptyException("/a"), "/a: is a directory that is not empty"),
        Arguments.of(new FileSystemException("/a", null, "Not a directory"), "/a: Not a directory"),
        Arguments.of(new IOException("Is a directory"), "IOException: Is a directory"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void filesAreToldInWords(IOException failure, String words) { // CNI/17.5
    assertThat(CniException.of(failure)).hasMessage(words);
  }
}
