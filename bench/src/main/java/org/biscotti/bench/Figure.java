package org.biscotti.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * What came out of one benchmark with one set of parameters; each number is the median of the
 * iterations, or NaN where there is none.
 *
 * @param benchmark class and method: {@code NullSyscall.javaExit}
 * @param side the parameter of that name, or ""
 * @param size the parameter of that name, or 0
 * @param warmups iterations before time counted
 * @param iterations how many were measured
 * @param nanos time of an operation by JMH's clock
 * @param ownNanos the same by the clock of the program under measurement
 * @param allocatedBytes Java heap that an operation takes, in bytes, all threads together
 * @param parts what parts of an operation take by that clock, by their names, in nanoseconds
 */
record Figure(
    String benchmark,
    String side,
    long size,
    int warmups,
    int iterations,
    double nanos,
    double ownNanos,
    double allocatedBytes,
    Map<String, Double> parts) {
  /** Name of the result of JMH's profiler "gc". */
  private static final String ALLOCATED = "gc.alloc.rate.norm";

  static Figure of(RunResult result) {
    List<IterationResult> iterations = new ArrayList<>();
    for (BenchmarkResult fork : result.getBenchmarkResults()) {
      iterations.addAll(fork.getIterationResults());
    }
    BenchmarkParams parameters = result.getParams();
    return new Figure(
        shortName(parameters.getBenchmark()),
        parameter(parameters, "side", ""),
        Long.parseLong(parameter(parameters, "size", "0")),
        parameters.getWarmup().getCount(),
        iterations.size(),
        median(iterations, iteration -> iteration.getPrimaryResult().getScore()),
        median(iterations, iteration -> secondary(iteration, OwnClock.NAME)),
        median(iterations, iteration -> secondary(iteration, ALLOCATED)),
        parts(iterations));
  }

  private static Map<String, Double> parts(List<IterationResult> iterations) {
    Map<String, Double> parts = new HashMap<>();
    for (String part : Smallfile.PHASES) {
      double nanos = median(iterations, iteration -> secondary(iteration, OwnClock.nameOf(part)));
      if (!Double.isNaN(nanos)) {
        parts.put(part, nanos);
      }
    }
    return parts;
  }

  private static String shortName(String benchmark) {
    int method = benchmark.lastIndexOf('.');
    return benchmark.substring(benchmark.lastIndexOf('.', method - 1) + 1);
  }

  private static String parameter(BenchmarkParams parameters, String name, String otherwise) {
    String value = parameters.getParam(name);
    return value == null ? otherwise : value;
  }

  private static double secondary(IterationResult iteration, String name) {
    Result<?> result = iteration.getSecondaryResults().get(name);
    return result == null ? Double.NaN : result.getScore();
  }

  private static double median(
      List<IterationResult> iterations, ToDoubleFunction<IterationResult> number) {
    return median(iterations.stream().mapToDouble(number).toArray());
  }

  /** The middle of the numbers, or the mean of the two in the middle; NaN if one of them is. */
  static double median(double... numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    int count = sorted.length;
    if (count == 0 || Double.isNaN(sorted[count - 1])) {
      return Double.NaN;
    }
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
  }
}
