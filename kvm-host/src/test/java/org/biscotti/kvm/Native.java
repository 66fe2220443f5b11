package org.biscotti.kvm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs a program natively, to learn what it should do. */
final class Native {
  private static final long LIMIT_SECONDS = Processor.limitSeconds(120);

  private Native() {}

  /** Runs a program with the given environment alone. */
  static Outcome run(
      Path directory, byte[] input, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    CompletableFuture<String> output = read(process.getInputStream());
    CompletableFuture<String> errors = read(process.getErrorStream());
    try (OutputStream to = process.getOutputStream()) {
      to.write(input);
    } catch (IOException e) {
      // The program has ended without reading all of it.
    }
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new IllegalStateException("does not end natively: " + command);
    }
    return new Outcome(process.exitValue(), output.join(), errors.join());
  }

  private static CompletableFuture<String> read(InputStream from) {
    return CompletableFuture.supplyAsync(() -> {
      try (from) {
        return new String(from.readAllBytes(), ISO_8859_1);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    });
  }
}
