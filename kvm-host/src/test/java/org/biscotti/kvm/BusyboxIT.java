package org.biscotti.kvm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.biscotti.kernel.abi.Signals;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The commands of a statically linked busybox: each case runs natively first, and then has to give
 * the same bytes on both outputs and the same exit codes in the guest.
 *
 * <p>Every case runs twice in the guest: in a directory of the host that is mounted writable, where
 * the host has to find the same files afterwards as after the native run, and in the guest's tmpfs,
 * on copies of single files that are shown.
 */
@RequiresKvm
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BusyboxIT {
  private static final String BUSYBOX = TestPrograms.busybox().toString();

  /** The shell's variables are for the native run, which goes through one for its umask. */
  private static final String WITH_UMASK =
      "umask 022; unset PWD OLDPWD SHLVL _; exec \"$0\" \"$@\"";

  private static final Map<String, String> ENVIRONMENT =
      Map.of("TZ", "UTC", "LC_ALL", "C", "PATH", "/nowhere", "HOME", "/");

  /** What every command finds on its standard input. */
  private static final byte[] INPUT =
      "pear 3\napple 1\nquince 4\napple 1\n\nbanana 2\ncherry\t5\n".getBytes(ISO_8859_1);

  private Path base;
  private Path pristine;

  /** Where native runs work; the guests have their own directory under the same path. */
  private Path work;

  /** The host directory behind the mounted one. */
  private Path behindMount;

  private Guest mounted;
  private Guest shown;

  @BeforeAll
  void boot() throws IOException {
    base = Files.createTempDirectory(Path.of("/dev/shm"), "biscotti-busybox");
    pristine = Files.createDirectory(base.resolve("pristine"));
    TestFiles.make(pristine);
    work = Files.createDirectory(base.resolve("work"));
    behindMount = Files.createDirectory(base.resolve("behind"));
    mounted = Guest.empty();
    mounted.show(TestPrograms.busybox());
    mounted.mount(work.toString(), behindMount, true);
    shown = Guest.empty();
    shown.show(TestPrograms.busybox());
    for (Guest guest : List.of(mounted, shown)) {
      for (String names : List.of("/etc/passwd", "/etc/group")) {
        guest.show(Path.of(names));
      }
    }
    for (Path file : TestFiles.regularFiles(pristine)) {
      shown.show(file);
    }
  }

  @AfterAll
  void stop() throws IOException {
    mounted.close();
    shown.close();
    TestPrograms.deleteTree(base);
  }

  static Stream<BusyboxCases.Case> cases() {
    return BusyboxCases.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void doesInAMountWhatItDoesNatively(BusyboxCases.Case part) throws Exception {
    List<String> natively = natively(part);
    SortedMap<String, String> files = TestFiles.describe(work);
    TestFiles.clear(behindMount);
    TestFiles.make(behindMount);
    assertSame(inGuest(mounted, part), natively);
    assertThat(TestFiles.describe(behindMount)).isEqualTo(files);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void doesInMemoryWhatItDoesNatively(BusyboxCases.Case part) throws Exception {
    List<String> natively = natively(part);
    String directory = work.toString();
    assertThat(shown.run(BUSYBOX, "rm", "-rf", directory)).isEqualTo(new Outcome(0, "", ""));
    assertThat(shown.run(BUSYBOX, "cp", "-a", pristine.toString(), directory))
        .isEqualTo(new Outcome(0, "", ""));
    assertSame(inGuest(shown, part), natively);
  }

  /** Names the first command that differs, not all that a case has printed. */
  private static void assertSame(List<String> inGuest, List<String> natively) {
    for (int i = 0; i < natively.size(); i++) {
      assertThat(inGuest.get(i)).isEqualTo(natively.get(i));
    }
  }

  private List<String> natively(BusyboxCases.Case part) throws Exception {
    TestFiles.clear(work);
    TestFiles.make(work);
    List<String> reports = new ArrayList<>();
    for (List<String> command : part.commands()) {
      List<String> words = new ArrayList<>(List.of(BUSYBOX, "sh", "-c", WITH_UMASK, BUSYBOX));
      words.addAll(command);
      reports.add(report(part, command, Native.run(work, INPUT, ENVIRONMENT, words)));
    }
    return reports;
  }

  private List<String> inGuest(Guest guest, BusyboxCases.Case part) throws Exception {
    List<String> reports = new ArrayList<>();
    for (List<String> command : part.commands()) {
      List<String> words = new ArrayList<>(List.of(BUSYBOX));
      words.addAll(command);
      Outcome outcome = guest.start(work.toString(), INPUT, ENVIRONMENT, words).await();
      reports.add(report(part, command, outcome));
    }
    return reports;
  }

  private static String report(BusyboxCases.Case part, List<String> command, Outcome outcome) {
    String output = outcome.output();
    String shown =
        part.ordered() ? output : output.lines().sorted().collect(Collectors.joining("\n"));
    return command + " = " + outcome.code() + "\n" + shown + "\n" + outcome.errors();
  }

  @Test
  void sleepTakesItsTime() throws Exception {
    long start = System.nanoTime();
    assertThat(mounted.run(BUSYBOX, "sleep", "0.1")).isEqualTo(new Outcome(0, "", ""));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(100));
  }

  @Test
  void freeTellsOfTheMemoryOfTheMachine() throws Exception {
    Outcome free = mounted.run(BUSYBOX, "free", "-k");
    assertThat(free.code()).as(free.errors()).isZero();
    Matcher memory =
        Pattern.compile("(?m)^Mem:\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)").matcher(free.output());
    assertThat(memory.find()).as(free.output()).isTrue();
    long total = Long.parseLong(memory.group(1));
    assertThat(total).isBetween(384L << 10, 512L << 10);
    assertThat(Long.parseLong(memory.group(3))).isBetween(1L, total);
  }

  @Test
  void dfListsWhatIsMounted() throws Exception {
    Outcome df = mounted.run(BUSYBOX, "df", "-k", "-a");
    assertThat(df.code()).as(df.errors()).isZero();
    assertThat(df.output().lines().map(line -> line.replaceAll(".*\\s", "")))
        .contains("/", "/dev", "/proc", work.toString());
    Outcome root = mounted.run(BUSYBOX, "df", "-k", "/");
    Matcher sizes = Pattern.compile("(\\d+)\\s+(\\d+)\\s+(\\d+)\\s+\\d+%").matcher(root.output());
    assertThat(sizes.find()).as(root.output()).isTrue();
    long total = Long.parseLong(sizes.group(1));
    assertThat(total).isBetween(384L << 10, 512L << 10);
    assertThat(Long.parseLong(sizes.group(2)) + Long.parseLong(sizes.group(3))).isEqualTo(total);
  }

  @Test
  void aClosedPipeEndsYes() throws Exception {
    ByteStream pipe = ByteStream.brokenAfter(1 << 16);
    Guest.Running yes =
        mounted.start("/", INPUT, pipe, ENVIRONMENT, List.of(BUSYBOX, "yes", "biscotti"));
    Outcome outcome = yes.await();
    assertThat(outcome.code()).isEqualTo(128 + Signals.SIGPIPE);
    assertThat(outcome.output())
        .startsWith("biscotti\nbiscotti\n")
        .hasSizeLessThanOrEqualTo(1 << 16);
    assertThat(outcome.errors()).isEmpty();
  }
}
