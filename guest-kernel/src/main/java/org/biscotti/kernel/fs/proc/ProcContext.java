package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.fs.MountTable;
import org.biscotti.kernel.fs.ProcessDirectory;
import org.biscotti.kernel.fs.SystemView;

/** What the directories of processes are made from. */
record ProcContext(ProcessDirectory processes, SystemView system, MountTable mounts) {}
