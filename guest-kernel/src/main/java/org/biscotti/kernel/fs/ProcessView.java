package org.biscotti.kernel.fs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What /proc shows of a process (proc(5)). Implemented by the process itself; every method may be
 * called from any thread, also while the process runs, and answers with a snapshot.
 */
public interface ProcessView extends RunningView {
  /**
   * Memory of a process.
   *
   * @param vmSize bytes mapped
   * @param vmPeak most bytes ever mapped
   * @param resident bytes in frames
   * @param residentPeak most bytes ever in frames
   * @param residentFile part of {@code resident} that is files' pages
   * @param data bytes of private writable mappings
   * @param stack bytes of the main stack
   * @param text bytes of the executable's code
   * @param pageTables bytes of page tables
   * @param locked bytes of locked mappings
   */
  record Memory(
      long vmSize,
      long vmPeak,
      long resident,
      long residentPeak,
      long residentFile,
      long data,
      long stack,
      long text,
      long pageTables,
      long locked) {}

  /**
   * Signal sets, bit n-1 for signal n.
   *
   * @param pending for the main thread
   * @param sharedPending for the process
   * @param blocked by the main thread
   */
  record SignalSets(long pending, long sharedPending, long blocked, long ignored, long caught) {}

  /**
   * A resource limit (getrlimit(2)).
   *
   * @param resource RLIMIT_ number
   * @param soft {@code -1} for none
   * @param hard {@code -1} for none
   */
  record Limit(int resource, long soft, long hard) {}

  int pid();

  @Override
  default int number() {
    return pid();
  }

  int parentPid();

  int processGroup();

  int session();

  /** Thread numbers, ascending. */
  List<Integer> threads();

  /** The thread with a number, or null if the process has none of it. */
  @Nullable ThreadView thread(int number);

  /** Device number of the session's controlling terminal, 0 for none. */
  long terminal();

  /** Foreground group of that terminal, -1 for none. */
  int foregroundGroup();

  /** From -20 to 19; the lower, the more it runs. */
  int niceness();

  /** False if nobody but the superuser may look inside (PR_SET_DUMPABLE). */
  boolean isDumpable();

  /** PR_SET_NO_NEW_PRIVS. */
  boolean hasNoNewPrivileges();

  Credentials credentials();

  FsContext fs();

  FileTable files();

  /** The program file, or null for a process that has none. */
  @Nullable Dentry executable();

  /** Arguments, each ended by a NUL, as they are in the process's memory now. */
  byte[] commandLine();

  /** Environment, each entry ended by a NUL, as it is in the process's memory now. */
  byte[] environment();

  /** Auxiliary vector as the program got it, in bytes. */
  byte[] auxiliaryVector();

  /** /proc/pid/maps, in Linux' format. */
  String maps();

  /** /proc/pid/smaps. */
  String detailedMaps();

  /** /proc/pid/smaps_rollup. */
  String mapsRollup();

  Memory memory();

  SignalSets signals();

  List<Limit> limits();

  /** User time in nanoseconds of children that have been waited for, and of theirs. */
  long childrenUserNanos();

  /** Their system time in nanoseconds. */
  long childrenSystemNanos();

  /** When the process started, in nanoseconds of CLOCK_MONOTONIC. */
  long startNanos();

  /** Major page faults so far. */
  long majorFaults();
}
