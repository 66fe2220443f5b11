package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The guest tests in C, one program per topic: each has to pass natively first, and then in the
 * guest with no fewer assertions.
 */
@RequiresKvm
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuestProgramsIT {
  private static final Pattern REPORT = Pattern.compile("(\\w+): (\\d+) passed, (\\d+) failed");

  private Guest guest;

  /** An emulated processor does not raise all exceptions. */
  private static final String PROCESSOR =
      Boolean.getBoolean("biscotti.emulated") ? "emulated" : "real";

  @BeforeAll
  void boot() throws IOException {
    guest = Guest.empty();
  }

  @AfterAll
  void stop() throws IOException {
    guest.close();
  }

  static Stream<String> programs() {
    return Stream.of(
        "dirs",
        "epolls",
        "events",
        "family",
        "files",
        "identity",
        "limits",
        "locks",
        "memory",
        "metadata",
        "pipes",
        "process",
        "procdev",
        "registers",
        "ringregisters",
        "signals",
        "sockets",
        "splices",
        "threads",
        "time",
        "vector");
  }

  @ParameterizedTest
  @MethodSource("programs")
  void passesNativelyAndInTheGuest(String name) throws Exception {
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
    Outcome inGuest = guest.run(guest.show(program), "/tmp", PROCESSOR);
    assertThat(inGuest.code()).as(inGuest.output() + inGuest.errors()).isZero();
    Matcher report = REPORT.matcher(inGuest.output());
    assertThat(report.find()).as(inGuest.output()).isTrue();
    assertThat(report.group(1)).isEqualTo(name);
    assertThat(Integer.parseInt(report.group(2))).isGreaterThan(10);
    assertThat(report.group(3)).isEqualTo("0");
  }
}
