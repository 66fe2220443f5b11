package org.biscotti.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A native program, driven over its standard input and output; its errors are ours. */
final class ProcessSubject implements Subject {
  private final Process process;
  private final OutputStream commands;
  private final InputStream answers;

  /**
   * Starts a program.
   *
   * @param directory where it makes its files
   */
  ProcessSubject(Path directory, List<String> command) throws IOException {
    process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(Redirect.INHERIT)
            .start();
    commands = process.getOutputStream();
    answers = process.getInputStream();
  }

  /** The program that {@link GuestSubject} runs, natively. */
  static ProcessSubject bell(Path directory) throws IOException {
    String bell = Subject.program("guest/bell").toString();
    return new ProcessSubject(directory, List.of(bell, Integer.toString(Subject.core())));
  }

  @Override
  public long run(Operation operation, long count, long size) throws IOException {
    send(operation.command(count, size));
    byte[] answer = answers.readNBytes(ANSWER_BYTES);
    if (answer.length < ANSWER_BYTES) {
      throw new IOException("%s fails natively".formatted(operation));
    }
    return Operation.nanos(answer);
  }

  private void send(byte[] command) throws IOException {
    commands.write(command);
    commands.flush();
  }

  @Override
  public void close() throws IOException {
    try (commands;
        answers) {
      if (process.isAlive()) {
        send(Operation.EXIT.command(0, 0));
      }
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("the native program does not end");
      }
      if (process.exitValue() != 0) {
        throw new IOException("the native program ends with " + process.exitValue());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }
}
