package org.biscotti.kernel.parallel;

/** Who does the parts of a call's large work, by the names that the command line has for it. */
public enum Parallelism {
  /** The calling thread, one part after the other. */
  INLINE,
  /** A transient virtual thread for each chunk of parts: the paper's way (section 4.3). */
  THREAD,
  /** A transient virtual thread for each part, however small: the paper's example (figure 2). */
  BLOCK,
  /** The calling thread, and one helper for each idle core if the work is worth the hand-over. */
  ADAPTIVE
}
