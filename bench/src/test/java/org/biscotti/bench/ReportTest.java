package org.biscotti.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static Figure call(String benchmark, double nanos, double bytes) {
    return new Figure("NullSyscall." + benchmark, "", 0, 8, 5, nanos, nanos - 1, bytes, Map.of());
  }

  private static Figure copy(String operation, String side, long size, double nanos) {
    return new Figure("CopyBandwidth." + operation, side, size, 8, 5, nanos, nanos, 0, Map.of());
  }

  @Test
  void medianIsTheMiddle() {
    assertThat(Figure.median(3, 1, 2)).isEqualTo(2);
    assertThat(Figure.median(4, 1, 2, 3)).isEqualTo(2.5);
    assertThat(Figure.median(7)).isEqualTo(7);
    assertThat(Figure.median()).isNaN();
    assertThat(Figure.median(1, Double.NaN, 2)).isNaN();
  }

  @Test
  void ratioWithinTheBarHolds() {
    assertThat(Report.of(List.of(call("javaExit", 1100, 0.3), call("cExit", 1000, 0))))
        .containsPattern("Java exit +1100\\.0 +1099\\.0 +0\\.300")
        .containsPattern("Java exit / C exit +1\\.100 .*: holds")
        .containsPattern("Java heap per exit, B +0\\.300 .*: holds")
        .contains("warm (after 8 iterations)", "medians of 5")
        .doesNotContain("DOES NOT HOLD", "Copies");
  }

  @Test
  void ratioAboveTheBarDoesNotHold() {
    assertThat(Report.of(List.of(call("javaExit", 1102, 24), call("cExit", 1000, 0))))
        .containsPattern("Java exit / C exit +1\\.102 .*: DOES NOT HOLD")
        .containsPattern("Java heap per exit, B +24\\.000 .*: DOES NOT HOLD");
  }

  @Test
  void unknownAllocationDoesNotHold() {
    assertThat(Report.of(List.of(call("javaExit", 1102, Double.NaN))))
        .containsPattern("heap .*: DOES NOT HOLD")
        .doesNotContain("Java exit / C exit");
  }

  @Test
  void bandwidthIsBytesPerNanosecond() {
    double nanos = CopyBandwidth.BYTES / 4.0;
    String report =
        Report.of(
            List.of(
                copy("read", "GUEST", 1 << 20, 2 * nanos),
                copy("read", "NATIVE", 1 << 20, nanos),
                copy("write", "GUEST", 64 << 10, nanos)));
    assertThat(report)
        .containsPattern("read +1024 KiB +2\\.00 +4\\.00 +0\\.50\n")
        .containsPattern("write +64 KiB +4\\.00 +NaN +NaN\n")
        .doesNotContainPattern("write +1024 KiB")
        .doesNotContain("Java exit");
  }
}
