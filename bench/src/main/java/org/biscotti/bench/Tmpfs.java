package org.biscotti.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where Linux keeps files in memory, to compare the guest's with. */
final class Tmpfs {
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private Tmpfs() {}

  /**
   * The directory.
   *
   * @throws IOException if it is no tmpfs, so that nobody compares with a disk
   */
  static Path directory() throws IOException {
    boolean there = Files.isDirectory(SHARED_MEMORY);
    String type = there ? Files.getFileStore(SHARED_MEMORY).type() : "missing";
    if (!type.equals("tmpfs")) {
      throw new IOException(SHARED_MEMORY + " has to be a tmpfs to compare with; it is " + type);
    }
    return SHARED_MEMORY;
  }
}
