package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** All results as one page that needs nothing beside it. */
final class HtmlReport {
  private static final String STYLE =
      """
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
             padding: 0 1rem; color: #222; background: #fff; }
      h1, h2 { line-height: 1.2; } h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem; }
      figure { margin: 1rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
      table { border-collapse: collapse; margin: 1rem 0; font-size: 0.85rem; }
      .wide { overflow-x: auto; }
      th, td { padding: 0.2rem 0.7rem; border-bottom: 1px solid #ddd; text-align: right;
               white-space: nowrap; }
      th:first-child, td:first-child { text-align: left; }
      .quick { background: #fff3cd; padding: 0.5rem 1rem; border: 1px solid #e0c060; }
      code { font-size: 0.8rem; overflow-wrap: anywhere; }
      """;

  private final StringBuilder page = new StringBuilder();

  private HtmlReport() {}

  /** The page. */
  static String of(Map<String, String> environment, boolean quick, List<Result> results)
      throws IOException {
    HtmlReport report = new HtmlReport();
    report.head(environment, quick);
    for (Result result : results) {
      report.section(result);
    }
    report.page.append("</body>\n</html>\n");
    return report.page.toString();
  }

  private void head(Map<String, String> environment, boolean quick) {
    page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width\">\n")
        .append("<title>Biscotti: figures</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n<h1>Biscotti: the paper's experiments</h1>\n");
    if (quick) {
      page.append(
          "<p class=\"quick\">A quick run: fewer collectors, objects, forks and repetitions than the "
              + "full one. Good for a look, not for a comparison.</p>\n");
    }
    page.append("<table>\n");
    environment.forEach((name, value) ->
        page.append("<tr><td>")
            .append(text(name))
            .append("</td><td>")
            .append(text(value))
            .append("</td></tr>\n"));
    page.append("</table>\n<p>Medians; the quartiles in parentheses. The paper: Cutler, Kaashoek, ")
        .append("Morris, Zeldovich, <cite>Extracting parallelism in OS kernels using type-safe ")
        .append("languages</cite>.</p>\n");
  }

  private void section(Result result) throws IOException {
    page.append("<h2 id=\"").append(text(result.name())).append("\">");
    page.append(text(result.title())).append("</h2>\n");
    for (Chart chart : result.charts()) {
      String svg = Charts.svg(chart, result.points());
      page.append("<figure>")
          .append(svg.substring(svg.indexOf("<svg")))
          .append("<figcaption>")
          .append(text(chart.title() + ": " + chart.metric()))
          .append("</figcaption></figure>\n");
    }
    list("What came out", result.findings());
    list("The paper, and what differs", result.paper());
    for (Table table : Table.of(result)) {
      table(table);
    }
    page.append("<details><summary>Commands</summary>\n<ul>\n");
    result.points().stream()
        .map(Point::command)
        .distinct()
        .forEach(
            command -> page.append("<li><code>").append(text(command)).append("</code></li>\n"));
    page.append("</ul>\n</details>\n");
  }

  private void list(String title, List<String> lines) {
    page.append("<h3>").append(text(title)).append("</h3>\n<ul>\n");
    lines.forEach(line -> page.append("<li>").append(text(line)).append("</li>\n"));
    page.append("</ul>\n");
  }

  private void table(Table table) {
    page.append("<div class=\"wide\"><table>\n<caption>").append(text(table.metric()));
    page.append("</caption>\n<tr><th></th>");
    table.series().forEach(name -> page.append("<th>").append(text(name)).append("</th>"));
    page.append("</tr>\n");
    for (List<String> row : table.rows()) {
      page.append("<tr>");
      row.forEach(cell -> page.append("<td>").append(text(cell)).append("</td>"));
      page.append("</tr>\n");
    }
    page.append("</table></div>\n");
  }

  private static String text(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
