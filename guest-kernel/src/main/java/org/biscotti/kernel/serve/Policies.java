package org.biscotti.kernel.serve;

import java.util.Arrays;
import java.util.Optional;

/** The policies there are, by the names that the command line has for them. */
public enum Policies {
  INLINE(0),
  THREAD(1),
  POOL(2),
  ADAPTIVE(3);

  private final int number;

  Policies(int number) {
    this.number = number;
  }

  /** What programs call it that compare the policies (docs/experiments.md). */
  public int number() {
    return number;
  }

  /** The one with a number. */
  public static Optional<Policies> of(long number) {
    return Arrays.stream(values()).filter(one -> one.number == number).findFirst();
  }

  SyscallPolicy make() {
    return switch (this) {
      case INLINE -> new InlinePolicy();
      case THREAD -> new ThreadPolicy();
      case POOL -> new PoolPolicy();
      case ADAPTIVE -> new AdaptivePolicy();
    };
  }
}
