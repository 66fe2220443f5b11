package org.biscotti.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  private static Figure total(Side side, double nanos) {
    Map<String, Double> parts = Map.of("create", nanos / 2, "read", nanos / 4, "unlink", nanos / 4);
    return new Figure("Smallfile.total", side.name(), 0, 10, 7, nanos + 1, nanos, 3, parts);
  }

  @Test
  void smallfileIsComparedByItsOwnClock() {
    String report = Report.of(List.of(total(Side.GUEST, 10_000), total(Side.NATIVE, 8_000)));
    assertThat(report)
        .containsPattern("create +5\\.00 +4\\.00 +1\\.25\n")
        .containsPattern("total +10\\.00 +8\\.00 +1\\.25\n")
        .containsPattern("smallfile / native +1\\.250 .*: holds");
    assertThat(Report.of(List.of(total(Side.GUEST, 10_100), total(Side.NATIVE, 8_000))))
        .contains("DOES NOT HOLD");
  }

  @Test
  void theDefaultPolicyIsComparedWithTheBestOfTheOthers() {
    List<Figure> figures = List.of(total(Side.GUEST, 10_400), total(Side.THREAD, 12_000));
    assertThat(Report.of(figures)).containsPattern("total, of the best +0\\.867 .*: holds");
    List<Figure> more = new ArrayList<>(figures);
    more.add(total(Side.INLINE, 9_000));
    assertThat(Report.of(more))
        .containsPattern("Smallfile.total +10401\\.0 +9001\\.0 +12001\\.0 +NaN\n")
        .containsPattern("total, of the best +1\\.156 .*: DOES NOT HOLD");
    assertThat(Report.of(List.of(total(Side.GUEST, 10_400)))).doesNotContain("Policies");
  }

  private static Figure sweep(CallSweep.Side side, long threads, double nanos) {
    return new Figure("CallSweep.nullCalls", side.name(), threads, 4, 5, nanos, nanos, 0, Map.of());
  }

  @Test
  void aSweepIsATableAndAPicture(@TempDir Path directory) throws IOException {
    List<Figure> figures =
        List.of(
            sweep(CallSweep.Side.INLINE, 1, 400),
            sweep(CallSweep.Side.INLINE, 16, 25_000),
            sweep(CallSweep.Side.EXITS, 1, 24_000.5));
    assertThat(Sweep.write(figures, directory)).hasSize(2);
    assertThat(directory.resolve("callsweep.csv"))
        .content()
        .isEqualToNormalizingNewlines(
            """
            threads,policy,ns_per_call
            1,inline,400.0
            16,inline,25000.0
            1,exits,24000.5
            """);
    byte[] picture = Files.readAllBytes(directory.resolve("callsweep.png"));
    assertThat(picture).startsWith(0x89, 'P', 'N', 'G').hasSizeGreaterThan(5000);
    assertThat(Report.of(figures)).containsPattern("\n +16 +25000\\.0 +NaN");
    assertThat(Sweep.write(List.of(), directory)).isEmpty();
  }
}
