package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A kernel whose heap is small, in a JVM of its own that ends at the first OutOfMemoryError: what
 * programs make it keep is refused before that, and is there again afterwards, twice over.
 */
@RequiresKvm
class KernelHeapIT {
  private static final Pattern ROUND = Pattern.compile("(\\w+): (\\d+), then (\\w+)");
  private static final List<String> KINDS = List.of("names", "processes", "sockets", "pipes");

  /** What the second round may have less than the first: other programs' things come and go. */
  private static final double SAME = 0.95;

  @TempDir Path scratch;

  @Test
  void isFullTwiceAndTheShellThatSeesItGoesOn() throws Exception {
    String hog = "/hogs/" + TestPrograms.guestTest("hog").getFileName();
    String script =
        "cd /tmp; for kind in "
            + String.join(" ", KINDS)
            + "; do "
            + hog
            + " $kind || exit 1; "
            + hog
            + " $kind || exit 2; done; echo all of it";
    Outcome outcome =
        Native.run(
            scratch,
            new byte[0],
            Map.of(),
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64M",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:ErrorFile=" + scratch.resolve("hs_err"),
                "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.biscotti.kvm.cli.Main",
                "exec",
                "--kernel-heap",
                "64M",
                "--memory",
                "2G",
                "--mount",
                TestPrograms.guestTest("hog").getParent() + ":/hogs",
                "--",
                TestPrograms.busybox().toString(),
                "sh",
                "-c",
                script));
    assertThat(outcome.code()).as(outcome.output() + outcome.errors()).isZero();
    assertThat(outcome.errors()).isEmpty();
    assertThat(outcome.output()).endsWith("all of it\n");
    List<MatchResult> rounds = ROUND.matcher(outcome.output()).results().toList();
    assertThat(rounds).hasSize(2 * KINDS.size());
    for (int i = 0; i < rounds.size(); i += 2) {
      double first = Long.parseLong(rounds.get(i).group(2));
      double second = Long.parseLong(rounds.get(i + 1).group(2));
      assertThat(first).as(outcome.output()).isGreaterThan(50);
      assertThat(second).as(outcome.output()).isGreaterThan(SAME * first);
    }
  }
}
