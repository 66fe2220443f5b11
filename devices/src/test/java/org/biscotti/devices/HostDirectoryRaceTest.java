package org.biscotti.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.biscotti.devices.ffi.DirectoryCalls;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.HostFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody on the host, possibly the guest itself through a second mount, exchanges what names
 * stand for while they are being walked.
 */
@Timeout(60)
class HostDirectoryRaceTest {
  private static final Duration DURATION = Duration.ofSeconds(2);

  @TempDir Path temporary;

  /** Exchanges two names as fast as it can while a walk goes on. */
  private void race(HostDirectory swapper, String one, String other, Runnable walk)
      throws InterruptedException {
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                while (!done.get()) {
                  swapper.rename(one, swapper, other, DirectoryCalls.RENAME_EXCHANGE);
                }
              } catch (RuntimeException failed) {
                failure.set(failed);
              }
            });
    long end = System.nanoTime() + DURATION.toNanos();
    try {
      while (System.nanoTime() < end) {
        walk.run();
      }
    } finally {
      done.set(true);
      thread.join();
    }
    assertThat(failure.get()).isNull();
  }

  @Test
  void directoryAndLinkToTheOutside() throws Exception {
    Path outside = Files.createDirectory(temporary.resolve("outside"));
    Files.writeString(outside.resolve("file"), "outside");
    Path inside = Files.createDirectory(temporary.resolve("inside"));
    Path directory = Files.createDirectory(inside.resolve("directory"));
    Files.writeString(directory.resolve("file"), "inside");
    Files.createSymbolicLink(inside.resolve("link"), outside);
    int[] reached = new int[2];
    try (HostFiles files = new HostFiles();
        HostDirectory swapper = files.openDirectory(inside, true);
        HostDirectory root = files.openDirectory(inside, false)) {
      race(
          swapper,
          "directory",
          "link",
          () -> {
            files.directories().evictAll();
            walk(root, reached);
          });
    }
    assertThat(reached[0]).as("walks that got through").isPositive();
    assertThat(reached[1]).as("walks that met the link").isPositive();
  }

  private static void walk(HostDirectory root, int[] reached) {
    try (HostDirectory directory = root.openDirectory("directory");
        HostFile file = directory.openFile("file", false)) {
      byte[] bytes = new byte[16];
      int read = file.read(0, MemorySegment.ofArray(bytes));
      assertThat(new String(bytes, 0, read, StandardCharsets.ISO_8859_1)).isEqualTo("inside");
      reached[0]++;
    } catch (ErrnoException failed) {
      assertThat(failed.errno()).isIn(Errno.ENOTDIR, Errno.ESTALE, Errno.ENOENT);
      reached[1]++;
    }
  }

  @Test
  void fileAndFifo() throws Exception {
    Path inside = Files.createDirectory(temporary.resolve("inside"));
    Files.writeString(inside.resolve("file"), "inside");
    HostCommands.run(inside, "mkfifo", "fifo");
    int[] reached = new int[2];
    Thread swapperThread = swapWithMv(inside);
    try (HostFiles files = new HostFiles();
        HostDirectory root = files.openDirectory(inside, false)) {
      long end = System.nanoTime() + DURATION.toNanos();
      while (System.nanoTime() < end) {
        readIfThere(root, reached);
      }
    } finally {
      swapperThread.interrupt();
      swapperThread.join();
    }
    assertThat(reached[0]).as("reads of the file").isPositive();
    assertThat(reached[1]).as("meetings with the FIFO").isPositive();
  }

  private static void readIfThere(HostDirectory root, int[] reached) {
    try (HostFile file = root.openFile("file", false)) {
      assertThat(file.attributes().mode() & PathEntry.S_IFMT).isEqualTo(PathEntry.S_IFREG);
      reached[0]++;
    } catch (ErrnoException failed) {
      assertThat(failed.errno()).isEqualTo(Errno.ENOENT);
      reached[1]++;
    }
  }

  /** A mount would not touch the FIFO, so this goes past it. */
  private static Thread swapWithMv(Path inside) throws IOException {
    HostCommands.run(inside, "true");
    Path file = inside.resolve("file");
    Path fifo = inside.resolve("fifo");
    Path spare = inside.resolve("spare");
    return Thread.ofPlatform()
        .start(() -> {
          try {
            while (!Thread.interrupted()) {
              Files.move(file, spare);
              Files.move(fifo, file);
              Files.move(file, fifo);
              Files.move(spare, file);
            }
          } catch (IOException failed) {
            throw new IllegalStateException(failed);
          }
        });
  }
}
