package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * System calls at random: none of them may cause an exception in the kernel that nobody there
 * expected, and the machine has to run programs as before.
 */
@RequiresKvm
class FuzzIT {
  private static final long FIXED_SEED = 20_250_916;
  private static final int CALLS_EACH = 60_000;
  private static final Pattern REPORT =
      Pattern.compile(
          "fuzz: seed=(\\d+) calls=(\\d+) succeeded=(\\d+) errno_checksum=\\p{XDigit}+\\n");

  @Test
  void noCallAtRandomFailsInTheKernel() throws Exception {
    List<Long> seeds = List.of(FIXED_SEED, System.currentTimeMillis());
    System.out.println("FuzzIT: seeds " + seeds);
    try (Guest guest = Guest.empty()) {
      String fuzz = guest.show(TestPrograms.guestTest("fuzz"));
      List<Guest.Running> running = new ArrayList<>();
      for (long seed : seeds) {
        String directory = "/tmp/fuzz-" + running.size();
        assertThat(guest.run(busybox(guest), "mkdir", directory).code()).isZero();
        running.add(
            guest.start(
                directory,
                new byte[0],
                Map.of(),
                List.of(fuzz, Long.toString(seed), Integer.toString(CALLS_EACH))));
      }
      for (int i = 0; i < seeds.size(); i++) {
        checkReport(running.get(i).await(), seeds.get(i));
      }
      assertThat(guest.machine().kernel().state().log().failures())
          .as(
              "exceptions that nobody expected; they are in the log, with the calls; seeds %s",
              seeds)
          .isZero();
      Outcome after = guest.run(guest.show(TestPrograms.guestTest("registers")), "/tmp");
      assertThat(after.code()).as(after.output() + after.errors()).isZero();
    }
  }

  private static String busybox(Guest guest) throws Exception {
    return guest.show(TestPrograms.busybox());
  }

  private static void checkReport(Outcome outcome, long seed) {
    assertThat(outcome.code())
        .as("seed %s: %s%s", seed, outcome.output(), outcome.errors())
        .isZero();
    Matcher report = REPORT.matcher(outcome.output());
    assertThat(report.find()).as(outcome.output()).isTrue();
    assertThat(Integer.parseInt(report.group(2))).isEqualTo(CALLS_EACH);
    // Some succeed and some fail: the fuzzer got behind the first check of calls.
    assertThat(Integer.parseInt(report.group(3))).isBetween(CALLS_EACH / 20, CALLS_EACH - 1);
  }
}
