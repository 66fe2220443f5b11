package org.biscotti.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.biscotti.kvm.HostCpus;

/** A program under measurement, wherever it runs; for one thread. */
interface Subject extends AutoCloseable {
  /** Size in bytes of an answer. */
  int ANSWER_BYTES = Long.BYTES;

  /** How long a subject may take to end, in seconds. */
  long END_SECONDS = 30;

  /**
   * Lets the program do something and waits until it has.
   *
   * @param size bytes of each transfer; 0 for what transfers nothing
   * @return nanoseconds that all {@code count} took, by the program's own clock
   * @throws IOException if the program fails or ends; the message has what it said
   */
  long run(Operation operation, long count, long size) throws IOException;

  /** Ends the program and gives everything back. */
  @Override
  void close() throws IOException;

  /** The core that every subject is bound to: the one that a machine's first vCPU gets. */
  static int core() {
    return HostCpus.allowed()[0];
  }

  /**
   * A compiled program.
   *
   * @param path beneath {@code bench/target}
   */
  static Path program(String path) {
    String home = Objects.requireNonNull(System.getProperty("biscotti.home"), "biscotti.home");
    Path program = Path.of(home, "bench/target").resolve(path);
    if (!Files.isExecutable(program)) {
      throw new IllegalStateException("there is no " + program + ": run 'make guests'");
    }
    return program;
  }
}
