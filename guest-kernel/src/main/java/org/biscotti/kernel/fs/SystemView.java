package org.biscotti.kernel.fs;

/** What /proc shows of the whole machine (proc(5)). Every method may be called from any thread. */
public interface SystemView {
  /** Release of the kernel, as uname(2) gives it. */
  String release();

  /** Version of the kernel, as uname(2) gives it. */
  String version();

  /** Host name, as uname(2) gives it. */
  String hostName();

  /** Command line of the kernel, without a newline. */
  String commandLine();

  /** Number of vCPUs. */
  int cpus();

  /** /proc/cpuinfo for one vCPU without the line that has its number and without an empty line. */
  String cpuDescription(int cpu);

  /** Nanoseconds since the kernel started. */
  long uptimeNanos();

  /** Nanoseconds that vCPUs have spent in programs, of all vCPUs together. */
  long userNanos();

  /** Nanoseconds that vCPUs have spent in the kernel, of all vCPUs together. */
  long systemNanos();

  /** Processes and threads made so far. */
  long forks();

  /** Tasks that run or want to. */
  int runnable();
}
