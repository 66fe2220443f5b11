package org.biscotti.bench.figures;

import java.awt.Color;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.IChart;
import org.knowm.xchart.style.Styler;

/** Draws charts. */
final class Charts {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 520;

  /** More names than these below an axis would be left out where they touch: they slope. */
  private static final int LEVEL_NAMES_MAX = 7;

  private static final int SLOPE_DEGREES = 30;

  private Charts() {}

  /** As PNG. */
  static byte[] png(Chart chart, List<Point> points) throws IOException {
    return ChartEncoder.getBytes(draw(chart, points), "png");
  }

  /** As SVG. */
  static String svg(Chart chart, List<Point> points) throws IOException {
    return new String(ChartEncoder.getBytes(draw(chart, points), "svg"), StandardCharsets.UTF_8);
  }

  private static IChart draw(Chart chart, List<Point> points) {
    return chart.kind() == Chart.Kind.BARS ? bars(chart, points) : lines(chart, points);
  }

  private static List<Point> of(List<Point> points, Chart chart, String series) {
    return points.stream()
        .filter(p -> p.metric().equals(chart.metric()) && p.series().equals(series))
        .filter(p -> Double.isFinite(p.median()))
        .toList();
  }

  private static void style(Styler styler) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setLegendPosition(Styler.LegendPosition.OutsideE);
  }

  private static XYChart lines(Chart chart, List<Point> points) {
    XYChart picture =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(chart.title())
            .xAxisTitle(chart.xTitle())
            .yAxisTitle(chart.metric())
            .build();
    style(picture.getStyler());
    picture
        .getStyler()
        .setXAxisLogarithmic(chart.kind().xLogarithmic)
        .setYAxisLogarithmic(chart.kind().yLogarithmic);
    if (!chart.kind().yLogarithmic) {
      picture.getStyler().setYAxisMin(0.0);
    }
    for (String series : chart.series()) {
      List<Double> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (Point point : of(points, chart, series)) {
        if (!chart.kind().yLogarithmic || point.median() > 0) {
          x.add(point.xNumber());
          y.add(point.median());
        }
      }
      if (!x.isEmpty()) {
        picture.addSeries(series, x, y);
      }
    }
    return picture;
  }

  private static CategoryChart bars(Chart chart, List<Point> points) {
    CategoryChart picture =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(chart.title())
            .xAxisTitle(chart.xTitle())
            .yAxisTitle(chart.metric())
            .build();
    style(picture.getStyler());
    Set<String> names = new LinkedHashSet<>();
    for (String series : chart.series()) {
      of(points, chart, series).forEach(point -> names.add(point.x()));
    }
    if (names.size() > LEVEL_NAMES_MAX) {
      picture.getStyler().setXAxisLabelRotation(SLOPE_DEGREES).setXAxisMaxLabelCount(names.size());
    }
    for (String series : chart.series()) {
      List<Double> values = new ArrayList<>();
      for (String name : names) {
        values.add(
            of(points, chart, series).stream()
                .filter(point -> point.x().equals(name))
                .map(Point::median)
                .findFirst()
                .orElse(0.0));
      }
      if (values.stream().anyMatch(value -> value > 0)) {
        picture.addSeries(series, List.copyOf(names), values);
      }
    }
    return picture;
  }
}
