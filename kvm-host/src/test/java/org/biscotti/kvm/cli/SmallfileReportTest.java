package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kvm.cli.Repetition.Spent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SmallfileReportTest {
  /** A line of smallfile with {@code create : read : unlink = 3 : 1 : 2}. */
  static String line(int repetition, long nanos) {
    return """
    smallfile rep=%d files=100 create_ns=%d create_cycles=%d read_ns=%d read_cycles=%d \
    unlink_ns=%d unlink_cycles=%d total_ns=%d total_cycles=%d
    """
        .formatted(
            repetition,
            3 * nanos,
            6 * nanos,
            nanos,
            2 * nanos,
            2 * nanos,
            4 * nanos,
            6 * nanos,
            12 * nanos);
  }

  static Measurement measurement(long... nanos) {
    StringBuilder output = new StringBuilder();
    for (int i = 0; i < nanos.length; i++) {
      output.append(line(i, nanos[i]));
    }
    return new Measurement(Repetition.parseAll(output.toString()));
  }

  static SmallfileReport report(Measurement guest, Measurement natively) {
    return new SmallfileReport(
        new SmallfileReport.Settings(
            100,
            4,
            1,
            guest.repetitions().size(),
            "1 GiB, 2 vCPUs, g1",
            "Linux 6.1, Some CPU, 2 cores",
            "tmpfs (/dev/shm)"),
        guest,
        natively);
  }

  @Test
  void readsALine() {
    List<Repetition> all = Repetition.parseAll(line(0, 10) + "\n" + line(1, 20));
    assertThat(all).hasSize(2);
    assertThat(all.getFirst().files()).isEqualTo(100);
    assertThat(all.getLast().of(Phase.CREATE)).isEqualTo(new Spent(60, 120));
    assertThat(all.getLast().of(Phase.TOTAL)).isEqualTo(new Spent(120, 240));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hello",
        "smallfile rep=0",
        "smallfile =3",
        "smallfile rep=x files=1",
        "smallfile rep=0 files=100 create_ns=-1"
      })
  void refusesOtherLines(String line) {
    assertThatThrownBy(() -> Repetition.parseAll(line))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void takesTheMedianOfWhatIsWarm() {
    Measurement odd = measurement(1000, 7, 500, 9, 8);
    assertThat(odd.cold(Phase.READ, Spent::nanos)).isEqualTo(1000);
    assertThat(odd.warm(Phase.READ, Spent::nanos)).hasValue(9);
    assertThat(odd.warm(Phase.UNLINK, Spent::cycles)).hasValue(36);
    assertThat(measurement(1000, 7, 9, 10).warm(Phase.READ, Spent::nanos)).hasValue(9.5);
    assertThat(measurement(1000, 7).warm(Phase.READ, Spent::nanos)).hasValue(7);
    assertThat(measurement(1000).warm(Phase.READ, Spent::nanos)).isEmpty();
    assertThatThrownBy(() -> new Measurement(new ArrayList<>()))
        .hasMessage("smallfile printed nothing");
  }

  @Test
  void warmingUpEndsWhereMostAreNearlyWarm() {
    // The first that is below 300 is alone; then one is not.
    Measurement guest =
        measurement(
            9000, 5000, 200, 4000, 700, 301, 200, 900, 100, 100, 100, 100, 100, 100, 100, 100, 100,
            100, 100, 100);
    assertThat(guest.warmingUp()).isEqualTo(5);
    assertThat(guest.warmingUpNanos()).isEqualTo(6 * (9000 + 5000 + 200 + 4000 + 700));
    Measurement atOnce = measurement(250, 110, 100, 100, 100, 100, 100, 100);
    assertThat(atOnce.warmingUp()).isZero();
    assertThat(atOnce.warmingUpNanos()).isZero();
    assertThat(measurement(1000).warmingUp()).isZero();
    assertThat(measurement(1000).wholeByWarm()).isEqualTo(1);
    assertThat(measurement(900, 90, 100, 110).wholeByWarm()).isEqualTo(300 / 105.0);
  }

  @Test
  void printsTheTable() {
    Measurement guest =
        measurement(
            10_000_000,
            5_000_000,
            4_000_000,
            3_500_000,
            1_000_000,
            1_200_000,
            1_100_000,
            1_100_000);
    Measurement natively = measurement(200_000, 100_000, 110_000, 90_000);
    assertThat(report(guest, natively).text())
        .isEqualTo(
            """
            smallfile: 100 files of 1 byte each in 4 directories, 8 repetitions
            Biscotti: tmpfs of the guest; 1 GiB, 2 vCPUs, g1
            native: tmpfs (/dev/shm); Linux 6.1, Some CPU, 2 cores

                              Biscotti                     native          ratio
                       Mcycles        us/file       Mcycles     us/file
                      cold   warm    cold   warm  cold  warm   cold  warm   warm
            create   60.00   6.60  300.00  33.00  1.20  0.60   6.00  3.00   11.0
            read     20.00   2.20  100.00  11.00  0.40  0.20   2.00  1.00   11.0
            unlink   40.00   4.40  200.00  22.00  0.80  0.40   4.00  2.00   11.0
            total   120.00  13.20  600.00  66.00  2.40  1.20  12.00  6.00   11.0

            Mcycles: millions of time-stamp counter cycles for the whole phase; us/file: microseconds per
            file. cold: the first repetition; warm: median of the last 4.
            ratio: time in the guest by time on the host.
            The kernel is compiled while it runs: after 2 repetitions, 90 ms, they take less than 3 times as
            long as when warm; all of them together took 3.1 times as long.

            From the paper (Cutler et al., figure 4: 100 files of 1 byte in a few directories), on other
            hardware and on a file system on a disk: for the proportions, not for comparison.
            Mcycles  create  read  unlink  total
            xv6       2,066    36   1,014  3,117
            Biscuit   1,742    37     956  2,735
            """);
  }

  @Test
  void hasNoWarmNumbersAfterOneRepetition() {
    String text = report(measurement(1000), measurement(500)).text();
    assertThat(text).contains("1 repetition\n", "warm: none, --repeat 2 or more has some");
    assertThat(text.lines().filter(line -> line.startsWith("total")).findFirst().orElseThrow())
        .isEqualTo("total   0.01     -  0.06     -  0.01     -  0.03     -      -");
  }
}
