package org.biscotti.kernel.task;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/**
 * What the operator should know: things that programs cannot be told. A message that a program can
 * cause again and again is logged once.
 */
public final class KernelLog {
  private static final int DISTINCT_MESSAGES = 256;

  private final Set<String> said = ConcurrentHashMap.newKeySet();
  private final Set<String> missing = ConcurrentHashMap.newKeySet();
  private final LongAdder failures = new LongAdder();

  /** Logs a warning unless it has been said before. */
  public void once(String message) {
    if (said.size() < DISTINCT_MESSAGES && said.add(message)) {
      Lazy.LOG.warn(message);
    }
  }

  /**
   * The same for something that is not there. It is counted apart: a program that tries all numbers
   * must not silence what happens to others.
   */
  public void missing(String what) {
    if (missing.size() < DISTINCT_MESSAGES && missing.add(what)) {
      Lazy.LOG.warn("{} is not there: ENOSYS", what);
    }
  }

  /** How many different things have been missed. */
  public int missingCount() {
    return missing.size();
  }

  /** Logs a failure of the kernel itself, with where it happened. */
  public void failure(String message, Throwable cause) {
    failures.increment();
    Lazy.LOG.error(message, cause);
  }

  /** How many failures of the kernel itself have been logged: 0 unless it has a bug. */
  public long failures() {
    return failures.sum();
  }

  /** The logging library is loaded when something is logged, not at start. */
  private static final class Lazy {
    static final Logger LOG = LogManager.getLogger("org.biscotti.kernel");
  }
}
