package org.biscotti.bench.figures;

import java.io.IOException;

/** One experiment: measures, and says what came out. */
interface Experiment {
  /** What users call it on the command line. */
  String name();

  /** What the report calls it. */
  String title();

  /** How many times it calls {@link Lab#step}; for the progress bar. */
  int steps(Extent extent);

  /**
   * Measures.
   *
   * @throws IOException if a program cannot be run, or fails
   */
  Result run(Lab lab) throws IOException;
}
