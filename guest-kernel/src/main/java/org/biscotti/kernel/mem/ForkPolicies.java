package org.biscotti.kernel.mem;

/** The ways to fork that there are, by the names that the command line has for them. */
public enum ForkPolicies {
  /** The calling thread copies all page tables. */
  SEQUENTIAL,
  /** Several threads do, each some (the paper's section 4.3). */
  PARALLEL,
  /** Nobody does before something in them changes. */
  ONDEMAND;

  ForkPolicy make() {
    return switch (this) {
      case SEQUENTIAL -> new SequentialFork();
      case PARALLEL -> new ParallelFork();
      case ONDEMAND -> new OnDemandFork();
    };
  }
}
