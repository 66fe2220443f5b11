package org.biscotti.bench.figures;

import static java.util.Locale.ROOT;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Results as files: JSON and CSV for other programs, pictures for people. */
final class ResultFiles {
  private ResultFiles() {}

  /** Writes NAME.json, NAME.csv, and a PNG and an SVG for each chart. */
  static void write(Path directory, Map<String, String> environment, Result result)
      throws IOException {
    json(directory.resolve(result.name() + ".json"), environment, result);
    Files.writeString(directory.resolve(result.name() + ".csv"), csv(environment, result.points()));
    for (Chart chart : result.charts()) {
      Files.write(directory.resolve(chart.file() + ".png"), Charts.png(chart, result.points()));
      Files.writeString(
          directory.resolve(chart.file() + ".svg"), Charts.svg(chart, result.points()));
    }
  }

  private static void json(Path file, Map<String, String> environment, Result result)
      throws IOException {
    try (JsonGenerator json =
        new JsonFactory()
            .createGenerator(Files.newBufferedWriter(file))
            .useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeStringField("experiment", result.name());
      json.writeStringField("title", result.title());
      json.writeObjectFieldStart("environment");
      for (Map.Entry<String, String> fact : environment.entrySet()) {
        json.writeStringField(fact.getKey(), fact.getValue());
      }
      json.writeEndObject();
      json.writeArrayFieldStart("points");
      for (Point point : result.points()) {
        json.writeStartObject();
        json.writeStringField("series", point.series());
        json.writeStringField("x", point.x());
        json.writeStringField("metric", point.metric());
        number(json, "median", point.median());
        number(json, "low", point.low());
        number(json, "high", point.high());
        json.writeNumberField("count", point.count());
        json.writeStringField("command", point.command());
        json.writeEndObject();
      }
      json.writeEndArray();
      strings(json, "findings", result.findings());
      strings(json, "paper", result.paper());
      json.writeEndObject();
    }
  }

  /** JSON has no NaN. */
  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }

  private static void strings(JsonGenerator json, String name, List<String> values)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
  }

  /**
   * A comment for each fact about where that was measured, then a line for each point (RFC 4180).
   */
  static String csv(Map<String, String> environment, List<Point> points) {
    StringBuilder text = new StringBuilder();
    environment.forEach((name, value) ->
        text.append("# %s: %s\r\n".formatted(name, value.replaceAll("\\s+", " "))));
    text.append("series,x,metric,median,low,high,count,command\r\n");
    for (Point p : points) {
      text.append(quoted(p.series())).append(',').append(quoted(p.x())).append(',');
      text.append(quoted(p.metric()));
      text.append(
          String.format(ROOT, ",%.6g,%.6g,%.6g,%d,", p.median(), p.low(), p.high(), p.count()));
      text.append(quoted(p.command())).append("\r\n");
    }
    return text.toString();
  }

  private static String quoted(String text) {
    return text.matches("[^,\"\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
