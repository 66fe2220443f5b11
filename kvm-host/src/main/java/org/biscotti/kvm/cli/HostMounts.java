package org.biscotti.kvm.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.biscotti.devices.HostFiles;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.HostFile;
import org.jspecify.annotations.Nullable;

/** Opens what the user lets the guest see of the host, or says why that does not work. */
final class HostMounts implements AutoCloseable {
  private @Nullable HostFiles files;

  /**
   * Opens a directory.
   *
   * @param option what asked for it, for the message
   * @throws CommandException if it cannot be served
   */
  HostDirectory directory(String option, Path path, boolean writable) {
    try {
      return files().openDirectory(path, writable);
    } catch (NotDirectoryException e) {
      throw new CommandException(option + " " + path + ": not a directory: name one");
    } catch (IOException e) {
      throw new CommandException(option + " " + path + ": " + why(path, e));
    }
  }

  /**
   * Opens a regular file for reading.
   *
   * @throws CommandException if it cannot be served
   */
  HostFile file(Path path) {
    try {
      return files().openFile(path);
    } catch (IOException e) {
      throw new CommandException(ExitCode.NOT_EXECUTABLE, path + ": " + why(path, e));
    }
  }

  private static String why(Path path, IOException e) {
    if (e instanceof NoSuchFileException) {
      return "not on the host: check the path";
    }
    if (Files.exists(path) && !Files.isReadable(path)) {
      return "no permission to read it on the host: chmod or run as its owner";
    }
    String reason = e instanceof FileSystemException failure ? failure.getReason() : e.getMessage();
    return reason + ": only directories and files of file systems that store files can be served";
  }

  private HostFiles files() throws IOException {
    if (files == null) {
      files = new HostFiles();
    }
    return files;
  }

  @Override
  public void close() {
    if (files != null) {
      files.close();
    }
  }
}
