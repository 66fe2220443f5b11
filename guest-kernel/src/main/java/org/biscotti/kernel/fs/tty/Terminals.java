package org.biscotti.kernel.fs.tty;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Devices;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.InodeLocks;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.tmpfs.MemoryFileSystem;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.HostStream;
import org.jspecify.annotations.Nullable;

/** All terminals, and the file system of their names, /dev/pts (pts(4)). */
public final class Terminals implements Devices {
  /** /dev/tty: whatever the controlling terminal of the caller is. */
  public static final long TTY = Stat.device(5, 0);

  /** /dev/ptmx: a new terminal's master side. */
  public static final long PTMX = Stat.device(5, 2);

  private static final int PTS_MAJOR = 136;
  private static final int TERMINALS_MAX = 4096;
  private static final int GROUP = 5;

  private final JobControl jobs;
  private final MemoryFileSystem names;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Integer, Entry> terminals = new TreeMap<>();

  /** Of sessions whose terminal was hung up, which group was in the foreground. */
  private final Map<Integer, Integer> hungUp = new HashMap<>();

  private record Entry(Terminal terminal, Dentry name) {}

  /** No terminals yet. */
  public Terminals(JobControl jobs, Clock clock, FrameAllocator frames) {
    this.jobs = jobs;
    int flags = Stat.ST_NOSUID | Stat.ST_NOEXEC | Stat.ST_RELATIME;
    names =
        new MemoryFileSystem(
            "devpts", "devpts", flags, 0755, clock, frames, this, InodeLocks.POLICY);
    Directory root = root();
    root.access().run(() -> root.makeNode("ptmx", Stat.S_IFCHR | 0666, PTMX, 0, GROUP));
  }

  /** What is mounted at /dev/pts. */
  public FileSystem names() {
    return names;
  }

  JobControl jobs() {
    return jobs;
  }

  private Directory root() {
    return (Directory) names.root().inode();
  }

  /** True if a device is one of these. */
  public boolean has(long device) {
    return device == TTY || device == PTMX || Stat.major(device) == PTS_MAJOR;
  }

  /** True if whoever calls has a controlling terminal. */
  public boolean hasFor(Caller caller) {
    return controlling(jobs.session(caller)) != null;
  }

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    long device = dentry.inode().specialDevice();
    if (device == PTMX) {
      return new MasterFile(dentry, flags, create(caller), this);
    }
    Terminal terminal =
        device == TTY ? controlling(jobs.session(caller)) : find(Stat.minor(device));
    if (terminal == null) {
      throw ErrnoException.of(device == TTY ? Errno.ENXIO : Errno.EIO);
    }
    terminal.opened();
    if (device != TTY) {
      becomeControlling(terminal, flags, caller);
    }
    return new TerminalFile(dentry, flags, terminal, this);
  }

  /** The first terminal that the leader of a session without one opens becomes its own. */
  void becomeControlling(Terminal terminal, int flags, Caller caller) {
    if ((flags & Fcntl.O_NOCTTY) != 0 || (flags & Fcntl.O_ACCMODE) == Fcntl.O_WRONLY) {
      return;
    }
    int session = jobs.session(caller);
    if (jobs.leadsSession(caller) && terminal.session() == 0 && controlling(session) == null) {
      setSession(terminal, session, jobs.group(caller));
    }
  }

  /** Makes a terminal the controlling one of a session that has none. */
  void setSession(Terminal terminal, int session, int group) {
    lock.lock();
    try {
      hungUp.remove(session);
    } finally {
      lock.unlock();
    }
    terminal.setSession(session, group);
  }

  /** TIOCNOTTY of the session's leader: what is in the foreground is told. */
  void giveUp(Terminal terminal) {
    int group = terminal.leave();
    signal(group, Signals.SIGHUP);
    signal(group, Signals.SIGCONT);
  }

  private void signal(int group, int signal) {
    if (group != 0) {
      jobs.signalGroup(group, signal);
    }
  }

  /** A terminal with a new number and name; it is locked until its owner unlocks it. */
  private Terminal create(Caller caller) {
    Terminal terminal = create(caller.credentials().fsuid());
    terminal.setLocked(true);
    return terminal;
  }

  Terminal create(int uid) {
    lock.lock();
    try {
      int index = 0;
      while (terminals.containsKey(index)) {
        index++;
      }
      if (index >= TERMINALS_MAX) {
        throw ErrnoException.of(Errno.ENOSPC);
      }
      KernelMemory.HEAP.reserve(Kind.BYTE, Terminal.HEAP_BYTES, Errno.ENOMEM);
      Terminal terminal = new Terminal(index, jobs);
      terminals.put(index, new Entry(terminal, makeName(index, uid)));
      return terminal;
    } finally {
      lock.unlock();
    }
  }

  private Dentry makeName(int index, int uid) {
    Directory root = root();
    String number = Integer.toString(index);
    long device = Stat.device(PTS_MAJOR, index);
    try {
      return root.access()
          .call(() -> root.makeNode(number, Stat.S_IFCHR | 0620, device, uid, GROUP));
    } catch (ErrnoException noRoom) {
      KernelMemory.HEAP.release(Kind.BYTE, Terminal.HEAP_BYTES);
      throw noRoom;
    }
  }

  /** The master side is closed: the terminal is hung up, and its number free. */
  void remove(Terminal terminal) {
    lock.lock();
    try {
      if (terminal.session() != 0 && terminal.foreground() != 0) {
        hungUp.put(terminal.session(), terminal.foreground());
      }
      Entry entry = terminals.remove(terminal.index);
      Directory root = root();
      if (entry != null) {
        root.access()
            .run(() -> {
              if (!entry.name().isUnlinked()) {
                root.unlink(entry.name());
              }
            });
      }
    } finally {
      lock.unlock();
    }
    terminal.closeMaster();
  }

  /** TIOCGPTPEER: the other side, whatever its name is now. */
  OpenFile openPeer(Terminal terminal, int flags) {
    lock.lock();
    try {
      Entry entry = terminals.get(terminal.index);
      if (entry == null) {
        throw ErrnoException.of(Errno.EIO);
      }
      return open(terminal, entry.name(), flags);
    } finally {
      lock.unlock();
    }
  }

  /** Opens the programs' side, as nobody's controlling terminal. */
  OpenFile open(Terminal terminal, Dentry name, int flags) {
    terminal.opened();
    return new TerminalFile(name, flags, terminal, this);
  }

  private @Nullable Terminal find(int index) {
    lock.lock();
    try {
      Entry entry = terminals.get(index);
      return entry == null ? null : entry.terminal();
    } finally {
      lock.unlock();
    }
  }

  /** The controlling terminal of a session, or null. */
  @Nullable Terminal controlling(int session) {
    lock.lock();
    try {
      for (Entry entry : terminals.values()) {
        if (entry.terminal().session() == session) {
          return entry.terminal();
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes the console: a terminal whose master side is a terminal of the host.
   *
   * @param keyboard what is typed; as it is typed, nothing done with it
   * @param screen what is shown
   */
  public ConsoleTerminal console(HostStream keyboard, HostStream screen) {
    return new ConsoleTerminal(this, create(0), keyboard, screen);
  }

  /** The device number of a session's controlling terminal, 0 for none (tty_nr of proc(5)). */
  public long deviceOf(int session) {
    Terminal terminal = controlling(session);
    return terminal == null ? 0 : Stat.device(PTS_MAJOR, terminal.index);
  }

  /** Foreground group of a session's controlling terminal, -1 for none (tpgid of proc(5)). */
  public int foregroundOf(int session) {
    Terminal terminal = controlling(session);
    return terminal == null ? -1 : terminal.foreground();
  }

  /** The leader of a session has ended: what is in the foreground of its terminal is told. */
  public void sessionEnded(int session) {
    Terminal terminal = controlling(session);
    if (terminal != null) {
      signal(terminal.leave(), Signals.SIGHUP);
    }
    int group;
    lock.lock();
    try {
      group = hungUp.getOrDefault(session, 0);
      hungUp.remove(session);
    } finally {
      lock.unlock();
    }
    signal(group, Signals.SIGHUP);
    signal(group, Signals.SIGCONT);
  }
}
