package org.biscotti.kernel.exec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The vDSO as a file, and run natively over a clock page that {@link Vvar} writes. */
class VdsoTest {
  private static final Path MODULE = Path.of("").toAbsolutePath();
  private static final Path ROOT = MODULE.getParent();
  private static final Path RESOURCES =
      MODULE.resolve("src/main/resources/org/biscotti/kernel/exec");
  private static final int VCPU_PAGE = 0;
  private static final int CLOCK_PAGE = 4096;

  @TempDir Path temporary;

  @Test
  void theBinaryBelongsToItsSources() throws IOException, NoSuchAlgorithmException {
    List<String> sums = Files.readAllLines(RESOURCES.resolve("vdso.sums"));
    assertThat(sums).hasSize(4);
    for (String line : sums) {
      String[] fields = line.split(" +", 2);
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(ROOT.resolve(fields[1])));
      assertThat(HexFormat.of().formatHex(digest))
          .as("%s has changed: run scripts/vdso.sh", fields[1])
          .isEqualTo(fields[0]);
    }
  }

  @Test
  void itIsOneReadOnlySegmentThatStartsWithTheHeaders() throws IOException {
    byte[] image = Vdso.image();
    assertThat(image).isEqualTo(Files.readAllBytes(RESOURCES.resolve("vdso.so")));
    ElfFile elf = ElfFile.parse((offset, to, at, n) -> ElfBuilder.read(image, offset, to, at, n));
    assertThat(elf.relocatable()).isTrue();
    assertThat(elf.interpreter()).isNull();
    assertThat(elf.executableStack()).isFalse();
    assertThat(elf.segments()).hasSize(1);
    ElfFile.Segment segment = elf.segments().getFirst();
    assertThat(segment.address()).isZero();
    assertThat(segment.offset()).isZero();
    assertThat(segment.memorySize()).isEqualTo(segment.fileSize()).isLessThanOrEqualTo(4096);
    assertThat(segment.writable()).isFalse();
    assertThat(segment.executable()).isTrue();
    assertThat(elf.headersAddress()).isEqualTo(64);
  }

  @Test
  void itTellsTheTimeNatively() throws IOException, InterruptedException {
    runHarness(RESOURCES.resolve("vdso.so"));
  }

  @Test
  void soDoesOneThatIsBuiltHere() throws IOException, InterruptedException {
    assumeCompiler();
    Path built = temporary.resolve("built.so");
    run("bash", ROOT.resolve("scripts/vdso.sh").toString(), "--to", built.toString());
    runHarness(built);
  }

  private static void assumeCompiler() {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/gcc"))
            && System.getProperty("os.arch").equals("amd64"),
        "needs gcc on x86-64");
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), US_ASCII);
    assertThat(process.waitFor()).as(output).isZero();
  }

  /** Builds and runs the harness, and updates the clock page whenever it sends a sample. */
  private void runHarness(Path vdso) throws IOException, InterruptedException {
    assumeCompiler();
    Path harness = temporary.resolve("harness");
    String source = MODULE.resolve("src/test/vdso/vdso_harness.c").toString();
    run("gcc", "-O2", "-Wall", "-Wextra", "-pthread", source, "-o", harness.toString(), "-ldl");
    Path pages = temporary.resolve("pages");
    Files.write(pages, new byte[2 * 4096]);
    try (FileChannel file =
            FileChannel.open(pages, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Arena arena = Arena.ofConfined()) {
      MemorySegment segment = file.map(MapMode.READ_WRITE, 0, 2 * 4096, arena);
      Process process =
          new ProcessBuilder(harness.toString(), vdso.toString(), pages.toString())
              .redirectErrorStream(true)
              .start();
      try {
        List<String> output = converse(process, segment);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(output).containsExactly("done");
        assertThat(process.exitValue()).isZero();
      } finally {
        process.destroyForcibly();
      }
    }
  }

  private static List<String> converse(Process process, MemorySegment segment) {
    GuestMemory memory = new GuestMemory(segment, new NoBacking());
    ShakyClock clock = new ShakyClock();
    Vvar vvar = new Vvar(memory, CLOCK_PAGE, clock);
    memory.setInt(VCPU_PAGE, 5);
    memory.setInt(VCPU_PAGE + 4, 3);
    List<String> others = new ArrayList<>();
    try (BufferedReader in = process.inputReader(US_ASCII);
        Writer out = process.outputWriter(US_ASCII)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ", -1);
        if (words[0].equals("sample")) {
          clock.shake();
          long monotonic = Long.parseLong(words[3]) + clock.error;
          long realtime = Long.parseLong(words[4]) + clock.error;
          long tsc = Long.parseUnsignedLong(words[1]);
          ClockSample sample = new ClockSample(tsc, monotonic, 1000, realtime - monotonic, 1000);
          assertThat(vvar.update(sample, Long.parseLong(words[2]))).isTrue();
          out.write("updated\n");
          out.flush();
        } else {
          others.add(line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(String.join("\n", others), e);
    }
    return others;
  }

  /**
   * The host's clock, running almost twice as fast and almost standing still by turns, so that the
   * clock is pulled hard to and fro.
   */
  private static final class ShakyClock implements Clock {
    private static final int TURN = 20;
    private static final long ERROR_NANOS = 4_000_000; // less than the time between two samples

    private long error;
    private int count;

    void shake() {
      if (count != 0) {
        error += count / TURN % 2 == 0 ? ERROR_NANOS : -ERROR_NANOS;
      }
      count++;
    }

    @Override
    public long realtimeNanos() {
      return System.currentTimeMillis() * 1_000_000;
    }

    @Override
    public long monotonicNanos() {
      return System.nanoTime() + error;
    }
  }
}
