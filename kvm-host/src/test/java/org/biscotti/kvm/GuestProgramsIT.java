package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The guest tests in C, one program per topic: each has to pass natively first, and then in the
 * guest, however system calls are served there.
 */
@RequiresKvm
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuestProgramsIT {
  private static final int VCPUS = 2;
  private static final Pattern REPORT = Pattern.compile("(\\w+): (\\d+) passed, (\\d+) failed");

  /** An emulated processor does not raise all exceptions. */
  private static final String PROCESSOR = Processor.EMULATED ? "emulated" : "real";

  /** A way to serve system calls and to change inodes. */
  private record Way(Policies policy, Exitless exitless, InodePolicies inodes) {
    Way(Policies policy, Exitless exitless) {
      this(policy, exitless, InodePolicies.LOCK);
    }
  }

  private final Map<Way, Guest> guests = new LinkedHashMap<>();

  /** Every way, or the one that the tests are to run with. */
  private static List<Way> ways() {
    if (System.getProperty("biscotti.syscalls") != null || Processor.EMULATED) {
      return List.of(new Way(Guest.policy(), Guest.exitless(), Guest.inodes()));
    }
    return List.of(
        new Way(Policies.ADAPTIVE, Exitless.AUTO),
        new Way(Policies.INLINE, Exitless.ON),
        new Way(Policies.THREAD, Exitless.ON),
        new Way(Policies.POOL, Exitless.ON),
        new Way(Policies.ADAPTIVE, Exitless.OFF),
        new Way(Policies.ADAPTIVE, Exitless.AUTO, InodePolicies.THREAD),
        new Way(Policies.THREAD, Exitless.ON, InodePolicies.THREAD));
  }

  @BeforeAll
  void boot() throws IOException {
    for (Way way : ways()) {
      guests.put(way, Guest.serving(VCPUS, way.policy, way.exitless, way.inodes));
    }
  }

  @AfterAll
  void stop() throws IOException {
    for (Guest guest : guests.values()) {
      guest.close();
    }
  }

  static Stream<String> programs() {
    return Stream.of(
        "coherence",
        "dirs",
        "epolls",
        "events",
        "family",
        "files",
        "identity",
        "jumps",
        "limits",
        "locks",
        "memlock",
        "memory",
        "metadata",
        "pipes",
        "process",
        "procdev",
        "ptys",
        "registers",
        "ringregisters",
        "selfsignals",
        "sequences",
        "signals",
        "sockets",
        "splices",
        "switches",
        "threads",
        "time",
        "vector");
  }

  @ParameterizedTest
  @MethodSource("programs")
  void passesNativelyAndInEachGuest(String name) throws Exception {
    Path program = TestPrograms.guestTest(name);
    Path directory = Files.createTempDirectory(Path.of("/dev/shm"), "biscotti-test");
    try {
      Outcome natively =
          Native.run(
              directory,
              new byte[0],
              Map.of(),
              List.of(program.toString(), directory.toString(), PROCESSOR));
      assertThat(natively.code()).as(natively.output() + natively.errors()).isZero();
    } finally {
      TestPrograms.deleteTree(directory);
    }
    for (Map.Entry<Way, Guest> entry : guests.entrySet()) {
      passesIn(entry.getValue(), entry.getKey(), name, program);
    }
  }

  private static void passesIn(Guest guest, Way way, String name, Path program) throws Exception {
    Outcome outcome = guest.run(guest.show(program), "/tmp", PROCESSOR);
    assertThat(outcome.code()).as("%s: %s%s", way, outcome.output(), outcome.errors()).isZero();
    Matcher report = REPORT.matcher(outcome.output());
    assertThat(report.find()).as(way + ": " + outcome.output()).isTrue();
    assertThat(report.group(1)).isEqualTo(name);
    assertThat(Integer.parseInt(report.group(2))).isGreaterThan(10);
    assertThat(report.group(3)).isEqualTo("0");
  }
}
