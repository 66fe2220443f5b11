package org.biscotti.kernel.parallel;

import java.util.Arrays;
import java.util.Optional;

/** Who does the parts of a call's large work, by the names that the command line has for it. */
public enum Parallelism {
  /** The calling thread, one part after the other. */
  INLINE(0),
  /** A transient virtual thread for each chunk of parts: the paper's way (section 4.3). */
  THREAD(1),
  /** A transient virtual thread for each part, however small: the paper's example (figure 2). */
  BLOCK(2),
  /** The calling thread, and one helper for each idle core, however small the work. */
  HELPER(3),
  /** The same if the work is worth the hand-over. */
  ADAPTIVE(4);

  private final int number;

  Parallelism(int number) {
    this.number = number;
  }

  /** What programs call it that compare the policies (docs/experiments.md). */
  public int number() {
    return number;
  }

  /** The one with a number. */
  public static Optional<Parallelism> of(long number) {
    return Arrays.stream(values()).filter(one -> one.number == number).findFirst();
  }
}
