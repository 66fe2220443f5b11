package org.biscotti.bench.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of points: tables, files, pictures and the page. */
@Tag("check")
class ReportFilesTest {
  private static final String METRIC = "µs, \"warm\"";

  @TempDir private Path directory;

  private static Result result() {
    return new Result(
        "example",
        "An <example>",
        List.of(
            Point.of("a", "1", METRIC, Samples.of(3, 1, 2), "cmd --x=1"),
            Point.of("a", "10", METRIC, 20, "cmd --x=10"),
            Point.of("b & c", "1", METRIC, Double.NaN, "other"),
            Point.of("b & c", "10", METRIC, 1235, "other")),
        List.of(
            new Chart("lines", "Lines", METRIC, "x", Chart.Kind.LINES_LOG, List.of("a", "b & c")),
            new Chart("bars", "Bars", METRIC, "x", Chart.Kind.BARS, List.of("a", "b & c"))),
        new ArrayList<>(List.of("a < b")),
        List.of("other hardware"));
  }

  @Test
  void percentilesAreBetweenMeasurements() {
    Samples samples = Samples.of(4, 1, 3, 2);
    assertThat(samples.percentile(0)).isEqualTo(1);
    assertThat(samples.percentile(50)).isEqualTo(2.5);
    assertThat(samples.percentile(100)).isEqualTo(4);
    assertThat(samples.times(2).percentile(25)).isEqualTo(3.5, offset(1e-9));
    assertThat(Samples.of().percentile(50)).isNaN();
  }

  @ParameterizedTest
  @CsvSource({"0.1234, 0.123", "1.234, 1.23", "12.34, 12.3", "1235, '1,235'", "7, 7", "NaN, –"})
  void numbersHaveThreeDigits(double value, String expected) {
    assertThat(Table.number(value)).isEqualTo(expected);
  }

  @Test
  void aTableHasARowForEachXAndAColumnForEachSeries() {
    assertThat(Table.of(result()))
        .singleElement()
        .isEqualTo(
            new Table(
                METRIC,
                List.of("a", "b & c"),
                List.of(List.of("1", "2 (1.50–2.50)", "–"), List.of("10", "20", "1,235"))));
    assertThat(Table.of(result()).getFirst().text()).contains("b & c", "2 (1.50–2.50)");
  }

  @Test
  void csvQuotesWhatHasToBe() {
    Map<String, String> environment = Map.of("JVM options", "-Xmx1g\n -Da");
    assertThat(ResultFiles.csv(environment, result().points()).lines())
        .startsWith("# JVM options: -Xmx1g -Da", "series,x,metric,median,low,high,count,command")
        .contains("a,1,\"µs, \"\"warm\"\"\",2.00000,1.50000,2.50000,3,cmd --x=1")
        .hasSize(6);
  }

  @Test
  void writesAFileForEachFormatAndPicture() throws IOException {
    ResultFiles.write(directory, Map.of("cores", "2"), result());
    assertThat(directory.toFile().list())
        .containsExactlyInAnyOrder(
            "example.json", "example.csv", "lines.png", "lines.svg", "bars.png", "bars.svg");
    assertThat(Files.readAllBytes(directory.resolve("bars.png"))).startsWith(0x89, 'P', 'N', 'G');
    assertThat(Files.readString(directory.resolve("lines.svg"))).contains("<svg");
    int points = 0;
    try (JsonParser json =
        new JsonFactory().createParser(directory.resolve("example.json").toFile())) {
      for (JsonToken token; (token = json.nextToken()) != null; ) {
        points += token == JsonToken.FIELD_NAME && json.currentName().equals("median") ? 1 : 0;
      }
    }
    assertThat(points).isEqualTo(4);
  }

  @Test
  void thePageNeedsNothingBesideIt() throws IOException {
    String page = HtmlReport.of(Map.of("cores", "2"), true, List.of(result()));
    assertThat(page)
        .contains("A quick run", "An &lt;example&gt;", "a &lt; b", "b &amp; c", "cmd --x=10")
        .doesNotContain("<script", "<link", "<img", "href=");
    assertThat(page.split("<svg", -1)).hasSize(3);
    assertThat(HtmlReport.of(Map.of(), false, List.of())).doesNotContain("A quick run");
  }
}
