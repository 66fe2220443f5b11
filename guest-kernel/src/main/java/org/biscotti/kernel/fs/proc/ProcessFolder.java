package org.biscotti.kernel.fs.proc;

import java.util.Locale;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.MountTable;
import org.biscotti.kernel.fs.OpenBytes;
import org.biscotti.kernel.fs.ProcessView;
import org.biscotti.kernel.fs.ThreadView;
import org.jspecify.annotations.Nullable;

/** The directory of one process or, below its task directory, of one of its threads. */
final class ProcessFolder extends Directory {
  private static final int EVERYBODY = 0444;
  private static final int OWNER_ONLY = 0400;
  private static final int LINK = 0777;

  /** The entries, with what each adds to the inode number. */
  private enum Entry {
    MAPS(1, Stat.S_IFREG | EVERYBODY),
    STATUS(2, Stat.S_IFREG | EVERYBODY),
    STAT(3, Stat.S_IFREG | EVERYBODY),
    STATM(4, Stat.S_IFREG | EVERYBODY),
    COMM(5, Stat.S_IFREG | 0644),
    CMDLINE(6, Stat.S_IFREG | EVERYBODY),
    ENVIRON(7, Stat.S_IFREG | OWNER_ONLY),
    AUXV(8, Stat.S_IFREG | OWNER_ONLY),
    LIMITS(9, Stat.S_IFREG | EVERYBODY),
    MOUNTS(10, Stat.S_IFREG | EVERYBODY),
    MOUNTINFO(11, Stat.S_IFREG | EVERYBODY),
    EXE(12, Stat.S_IFLNK | LINK),
    CWD(13, Stat.S_IFLNK | LINK),
    ROOT(14, Stat.S_IFLNK | LINK),
    FD(15, Stat.S_IFDIR | 0500),
    TASK(16, Stat.S_IFDIR | 0555),
    FDINFO(17, Stat.S_IFDIR | 0500),
    WCHAN(18, Stat.S_IFREG | EVERYBODY),
    SMAPS(19, Stat.S_IFREG | EVERYBODY),
    SMAPS_ROLLUP(20, Stat.S_IFREG | EVERYBODY);

    private static final Entry[] ALL = values();

    private final int number;
    private final int mode;
    private final String shown;

    Entry(int number, int mode) {
      this.number = number;
      this.mode = mode;
      shown = name().toLowerCase(Locale.ROOT);
    }
  }

  private final ProcFileSystem proc;
  private final ProcessView process;
  private final ProcContext context;
  private final long firstNumber;
  private final @Nullable ThreadView thread;

  ProcessFolder(ProcFileSystem proc, ProcessView process, ProcContext context) {
    this(proc, process, context, Numbers.inode(process.pid(), 0), null);
  }

  /** With the number of the first of its inodes; of one thread if there is one. */
  ProcessFolder(
      ProcFileSystem proc,
      ProcessView process,
      ProcContext context,
      long firstNumber,
      @Nullable ThreadView thread) {
    super(proc, firstNumber, 0555, process.credentials().euid(), process.credentials().egid());
    this.proc = proc;
    this.process = process;
    this.context = context;
    this.firstNumber = firstNumber;
    this.thread = thread;
  }

  /** True if the caller may see what is inside a process (ptrace(2), access mode checking). */
  static boolean mayLookInto(ProcessView process, Caller caller) {
    Credentials who = caller.credentials();
    Credentials whom = process.credentials();
    return process.pid() == caller.processId()
        || who.overridesFilePermissions()
        || (process.isDumpable()
            && who.fsuid() == whom.uid()
            && who.fsuid() == whom.euid()
            && who.fsuid() == whom.suid());
  }

  @Override
  public Dentry lookup(String name, Caller caller) {
    if (isGone()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    for (Entry entry : Entry.ALL) {
      if (entry.shown.equals(name)) {
        return make(entry);
      }
    }
    throw ErrnoException.of(Errno.ENOENT);
  }

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {
    long first = StaticFolder.FIRST_POSITION;
    for (long at = Math.max(after + 1, first); at < first + Entry.ALL.length; at++) {
      Entry entry = Entry.ALL[(int) (at - first)];
      if (!visitor.entry(entry.shown, numberOf(entry), entry.mode, at)) {
        return;
      }
    }
  }

  private boolean isGone() {
    return context.processes().find(process.pid()) == null
        || (thread != null && process.thread(thread.threadId()) == null);
  }

  private long numberOf(Entry entry) {
    return firstNumber + entry.number;
  }

  private Dentry make(Entry entry) {
    long number = numberOf(entry);
    if (entry == Entry.FD || entry == Entry.FDINFO) {
      MountTable mounts = entry == Entry.FDINFO ? context.mounts() : null;
      return new DescriptorFolder(proc, number, process, mounts).named(dentry(), entry.shown);
    }
    if (entry == Entry.TASK) {
      return new TaskFolder(proc, number, process, context).named(dentry(), entry.shown);
    }
    Inode inode = Stat.type(entry.mode) == Stat.S_IFLNK ? link(entry, number) : file(entry, number);
    return new Dentry(inode, dentry(), entry.shown);
  }

  private Inode link(Entry entry, long number) {
    MagicLink.Target target =
        switch (entry) {
          case EXE -> process::executable;
          case CWD -> () -> process.fs().workingDirectory();
          default -> () -> process.fs().root();
        };
    return new MagicLink(proc, number, LINK, process, target);
  }

  private Inode file(Entry entry, long number) {
    OpenBytes.Source source =
        switch (entry) {
          case MAPS -> () -> ProcessText.bytes(process.maps());
          case SMAPS -> () -> ProcessText.bytes(process.detailedMaps());
          case SMAPS_ROLLUP -> () -> ProcessText.bytes(process.mapsRollup());
          case STATUS -> () -> ProcessText.status(process, thread);
          case STAT ->
              () -> ProcessText.statistics(process, thread, context.system(), proc.clock());
          case STATM -> () -> ProcessText.memory(process);
          case COMM -> () -> ProcessText.bytes(name() + "\n");
          case CMDLINE -> process::commandLine;
          case ENVIRON -> process::environment;
          case AUXV -> process::auxiliaryVector;
          case LIMITS -> () -> ProcessText.limits(process);
          case WCHAN -> () -> ProcessText.bytes("0");
          case MOUNTS -> () -> MountText.mounts(context.mounts(), process.fs().root());
          case MOUNTINFO -> () -> MountText.mountInfo(context.mounts(), process.fs().root());
          default -> throw ErrnoException.of(Errno.ENOENT);
        };
    Credentials owner = process.credentials();
    int permissions = entry.mode & Stat.PERMISSIONS;
    if (entry == Entry.COMM) {
      return new GeneratedFile(
          proc,
          number,
          permissions,
          owner.euid(),
          owner.egid(),
          null,
          whileAlive(source),
          this::rename);
    }
    boolean inside =
        switch (entry) {
          case MAPS, SMAPS, SMAPS_ROLLUP, ENVIRON, AUXV -> true;
          default -> false;
        };
    return new GeneratedFile(
        proc,
        number,
        permissions,
        owner.euid(),
        owner.egid(),
        inside ? process : null,
        whileAlive(source));
  }

  private String name() {
    return thread == null ? process.name() : thread.name();
  }

  /** A name is for the process itself to give (proc(5)); without a thread it is the first one's. */
  private void rename(byte[] name, Caller caller) {
    ThreadView named = thread == null ? process.thread(process.pid()) : thread;
    if (caller.processId() != process.pid() || named == null) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    named.setName(ProcessText.name(name));
  }

  /** A file of a process that has ended is empty for whoever still has it open. */
  private OpenBytes.Source whileAlive(OpenBytes.Source source) {
    return () -> {
      if (isGone()) {
        throw ErrnoException.of(Errno.ESRCH);
      }
      return source.get();
    };
  }
}
