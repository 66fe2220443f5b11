package org.biscotti.bench.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is computed from measurements: speed-ups, serial shares, ratios. */
@Tag("check")
class ScalingTest {
  private static final String FORK = "fork call, ms";
  private static final String MICROS = "µs each";

  private static Result result(Point... points) {
    return new Result(
        "n", "t", new ArrayList<>(List.of(points)), List.of(), new ArrayList<>(), List.of());
  }

  @Test
  void serialShareIsWhatDoesNotGetFaster() {
    assertThat(Scaling.serialShare(4, 4)).isZero();
    assertThat(Scaling.serialShare(1, 4)).isEqualTo(1);
    // A tenth serial, by Amdahl: 1 / (0.1 + 0.9 / 2)
    assertThat(Scaling.serialShare(1 / 0.55, 2)).isEqualTo(0.1, offset(1e-9));
    assertThat(Scaling.serialShare(5, 4)).isNegative();
    assertThat(Scaling.serialShare(1, 1)).isNaN();
  }

  @Test
  void forkSaysHowItScales() {
    Result result =
        result(
            Point.of("parallel by cores", "1", FORK, 10, "c"),
            Point.of("parallel by cores", "2", FORK, 5.5, "c"));
    BigForkFigure.addScaling(result, 2);
    assertThat(result.findings())
        .containsExactly(
            "2 cores: 1.82 times as fast as one; the serial share is 10.0 %, at most 15 % is asked for");
    assertThat(result.median("parallel by cores", "2", "serial share, %"))
        .isEqualTo(10, offset(1e-9));
  }

  @Test
  void processesAreComparedWithNative() {
    assertThat(
            ProcessFigure.micros(
                    List.of("fork round=0 ns=9000", "fork round=1 ns=3000", "fork round=2 ns=5000"))
                .percentile(50))
        .isEqualTo(4);
    Result result =
        result(
            Point.of("native Linux", "fork", MICROS, 2, "c"),
            Point.of("guest", "fork", MICROS, 14, "c"));
    ProcessFigure.addRatio(result, "fork", 6);
    assertThat(result.findings())
        .containsExactly("fork: 7.00 times native; at most 6 is asked for: MISSED");
  }

  @Test
  void machinesGetTheOptionsOfAll() {
    Extent extent = new Extent(true, "", "serial", "/tmp/a.jfr");
    assertThat(extent.collectors()).containsExactly("serial");
    assertThat(extent.options(List.of("--cpus=1"), 3))
        .containsExactly("--cpus=1", "--gc=serial", "--jfr=/tmp/a-3.jfr");
    assertThat(extent.options(List.of("--gc=zgc", "--jfr=b"), 4))
        .containsExactly("--gc=zgc", "--jfr=b");
    assertThat(new Extent(true, "", null, null).collectors()).containsExactly("g1", "zgc");
    assertThat(new Extent(false, "", null, null).collectors()).hasSize(5);
  }
}
