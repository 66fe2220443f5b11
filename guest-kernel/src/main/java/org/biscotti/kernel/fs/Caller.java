package org.biscotti.kernel.fs;

/** On whose behalf a file operation is done. A task is one; a kernel-internal caller may be too. */
public interface Caller {
  /** Whose rights count. */
  Credentials credentials();

  /** Root, working directory and umask. */
  FsContext fs();

  /** Open descriptors, for paths below /proc/self/fd. */
  FileTable files();

  /** Process (thread group) number; what /proc/self leads to. */
  int processId();

  /** Thread number; what /proc/thread-self leads to. */
  int threadId();

  /** RLIMIT_FSIZE in bytes, {@link Long#MAX_VALUE} for none. */
  long fileSizeLimit();
}
