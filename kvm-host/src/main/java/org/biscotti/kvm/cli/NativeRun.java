package org.biscotti.kvm.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Runs the benchmark program on the host, in a fresh directory of a file system in memory if there
 * is one.
 *
 * @param directory where the files are
 * @param fileSystem in words, for example {@code "tmpfs (/dev/shm)"}
 */
record NativeRun(Path directory, String fileSystem) {
  private static final String TMPFS = "tmpfs";
  private static final File NULL = new File("/dev/null");

  /**
   * Finds a place: {@code /dev/shm}, another tmpfs that this user can write to, else the directory
   * for temporary files, whatever that is on.
   */
  static NativeRun prepare() {
    Stream<String> candidates =
        Stream.of("/dev/shm", System.getenv("XDG_RUNTIME_DIR"), "/run", "/tmp")
            .filter(Objects::nonNull);
    return prepare(
        candidates.map(Path::of).toList(), Path.of(System.getProperty("java.io.tmpdir", "/tmp")));
  }

  static NativeRun prepare(List<Path> candidates, Path otherwise) {
    for (Path candidate : candidates) {
      try {
        if (typeOf(candidate).equals(TMPFS)) {
          return in(candidate);
        }
      } catch (IOException e) {
        // Not there, or not writable: the next one.
      }
    }
    try {
      return in(otherwise);
    } catch (IOException e) {
      throw new CommandException(
          "no directory for the native run's files: make %s writable (%s)"
              .formatted(otherwise, e.getMessage()));
    }
  }

  private static NativeRun in(Path parent) throws IOException {
    String fileSystem = typeOf(parent) + " (" + parent + ")";
    return new NativeRun(Files.createTempDirectory(parent, "biscotti-smallfile-"), fileSystem);
  }

  private static String typeOf(Path path) throws IOException {
    return Files.getFileStore(path).type();
  }

  /**
   * Runs a program there, and removes the directory.
   *
   * @return what it printed on standard output
   * @throws CommandException if it fails
   */
  String run(List<String> command, Interruption interruption) {
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectInput(NULL)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      interruption.watch(process);
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      requireUninterrupted(interruption);
      if (code != 0) {
        throw new CommandException(
            "%s fails on the host with exit code %d: its own message says why"
                .formatted(command.getFirst(), code));
      }
      return output;
    } catch (IOException e) {
      requireUninterrupted(interruption); // killing a process closes what it is read from
      throw new CommandException(
          "cannot run %s on the host: %s".formatted(command.getFirst(), e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted");
    } finally {
      removeDirectory();
    }
  }

  private static void requireUninterrupted(Interruption interruption) {
    if (interruption.isRequested()) {
      throw new CommandException("interrupted");
    }
  }

  /** The program removes its files itself; after a failure some may be left, two levels deep. */
  private void removeDirectory() {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted((x, y) -> y.compareTo(x)).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new CommandException("cannot remove " + directory + ": " + e.getMessage());
    }
  }
}
