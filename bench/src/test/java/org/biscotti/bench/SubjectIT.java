package org.biscotti.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whether the programs that the benchmarks measure do what they are told, where they are told. */
@Timeout(120)
class SubjectIT {
  private static final long MEMORY_BYTES = 128L << 20;
  private static final long SIZE = 1 << 20;

  /** More than there are addresses. */
  private static final long ABSURD_SIZE = 1L << 62;

  @TempDir Path directory;

  @BeforeAll
  static void compilePrograms() throws IOException, InterruptedException {
    String script = System.getProperty("biscotti.home") + "/scripts/guests.sh";
    assertThat(new ProcessBuilder(script).inheritIO().start().waitFor()).isZero();
  }

  private static void runsWithin(Subject subject, Operation operation, long count, long size)
      throws IOException {
    long start = System.nanoTime();
    long own = subject.run(operation, count, size);
    assertThat(own).isBetween(1L, System.nanoTime() - start);
  }

  private static void servesEverything(Subject subject) throws IOException {
    runsWithin(subject, Operation.NULL, 100, 0);
    runsWithin(subject, Operation.READ, 3, SIZE);
    runsWithin(subject, Operation.WRITE, 3, 2 * SIZE);
    runsWithin(subject, Operation.READ, 1, 4096);
    runsWithin(subject, Operation.OPEN_CLOSE, 10, 0);
    runsWithin(subject, Operation.STAT, 10, 0);
    runsWithin(subject, Operation.THREADS, 10, 4);
    long total = subject.run(Operation.SMALLFILE, 2, 0);
    long parts = 0;
    for (int phase = 0; phase < Smallfile.PHASES.length; phase++) {
      parts += subject.run(Operation.PHASE, 1, phase);
    }
    assertThat(parts).isEqualTo(total).isPositive();
  }

  @Test
  void nativeProgramServes() throws IOException {
    try (Subject subject = ProcessSubject.bell(directory)) {
      servesEverything(subject);
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void guestProgramServes() throws IOException {
    Kvm.need();
    try (Subject subject = new GuestSubject(MEMORY_BYTES)) {
      servesEverything(subject);
    }
  }

  @Test
  void twoProgramsServeAtOnce() throws IOException {
    Kvm.need();
    try (Subject subject = GuestSubject.on(MEMORY_BYTES, 2, 2, Policies.ADAPTIVE, Exitless.AUTO)) {
      runsWithin(subject, Operation.NULL, 100, 0);
      runsWithin(subject, Operation.OPEN_CLOSE, 100, 0);
      runsWithin(subject, Operation.SMALLFILE, 2, 0);
    }
  }

  @Test
  void failureInTheGuestIsNamed() throws IOException {
    Kvm.need();
    Subject subject = new GuestSubject(MEMORY_BYTES);
    assertThatThrownBy(() -> subject.run(Operation.READ, 1, ABSURD_SIZE))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("READ")
        .hasMessageContaining("bell: mmap");
    assertThatThrownBy(subject::close).isInstanceOf(IOException.class);
  }

  @Test
  void monitorInCServes() throws IOException {
    Kvm.need();
    String monitor = Subject.program("baseline/nullsyscall-vmm").toString();
    String core = Integer.toString(Subject.core());
    try (Subject subject = new ProcessSubject(directory, List.of(monitor, "serve", core))) {
      runsWithin(subject, Operation.NULL, 100, 0);
    }
  }
}
