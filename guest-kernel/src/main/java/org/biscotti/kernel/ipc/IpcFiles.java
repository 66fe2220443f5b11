package org.biscotti.kernel.ipc;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.AnonymousFileSystem;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/** Makes the files that have no path: what there is one of per machine for them. */
public final class IpcFiles {
  private static final long PIPEFS_MAGIC = 0x50495045L;
  private static final long ANON_INODE_FS_MAGIC = 0x09041934L;
  private static final long TMPFS_MAGIC = 0x01021994L;
  private static final int OWNER_ONLY = 0600;

  private final Budget budget;
  private final RankedLock epolls = new RankedLock(LockRank.EPOLL);
  private final AnonymousFileSystem pipes;
  private final AnonymousFileSystem anonymous;
  private final AnonymousFileSystem memory;
  private final FrameAllocator frames;

  /**
   * Makes the file systems that these files are in.
   *
   * @param budget what bytes in flight are charged to
   */
  public IpcFiles(Clock clock, FrameAllocator frames, Budget budget) {
    this.frames = frames;
    this.budget = budget;
    memory = new AnonymousFileSystem("tmpfs", TMPFS_MAGIC, clock);
    pipes = new AnonymousFileSystem("pipefs", PIPEFS_MAGIC, clock);
    anonymous = new AnonymousFileSystem("anon_inodefs", ANON_INODE_FS_MAGIC, clock);
  }

  /** The two ends of a new pipe. */
  public record Ends(OpenPipe read, OpenPipe write) {}

  /**
   * Makes a pipe.
   *
   * @param flags O_NONBLOCK or 0
   */
  public Ends makePipe(Caller caller, int flags) {
    Pipe pipe = new Pipe(budget);
    PipeInode inode = new PipeInode(pipes, caller, pipe);
    Dentry dentry = new Dentry(inode, null, "pipe:[" + inode.number() + "]");
    return new Ends(
        new OpenPipe(dentry, flags | Fcntl.O_RDONLY, pipe, caller.credentials()),
        new OpenPipe(dentry, flags | Fcntl.O_WRONLY, pipe, caller.credentials()));
  }

  /** A pipe that is no FIFO. It can be opened again by /proc/self/fd, without waiting. */
  private static final class PipeInode extends Inode {
    private final Pipe pipe;

    PipeInode(AnonymousFileSystem files, Caller caller, Pipe pipe) {
      super(
          files,
          files.newInodeNumber(),
          Stat.S_IFIFO | OWNER_ONLY,
          caller.credentials().fsuid(),
          caller.credentials().fsgid());
      this.pipe = pipe;
    }

    @Override
    public OpenFile open(Dentry dentry, int flags, Caller caller) {
      if ((flags & Fcntl.O_ACCMODE) == Fcntl.O_ACCMODE) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      return new OpenPipe(dentry, flags, pipe, caller.credentials());
    }
  }

  /**
   * Makes a counter (eventfd(2)).
   *
   * @param flags O_NONBLOCK or 0
   */
  public OpenFile makeEvent(long initial, boolean semaphore, int flags) {
    return new EventFile(anonymousFile("[eventfd]"), flags, initial, semaphore);
  }

  /**
   * Makes a timer (timerfd_create(2)).
   *
   * @param flags O_NONBLOCK or 0
   */
  public TimerFile makeTimer(int clock, TimerFile.Alarms alarms, int flags) {
    return new TimerFile(anonymousFile("[timerfd]"), flags, clock, alarms);
  }

  /**
   * Makes a file in memory (memfd_create(2)).
   *
   * @param name what /proc/self/fd shows of it
   * @param seals F_SEAL_SEAL if it cannot be sealed
   */
  public OpenFile makeMemory(Caller caller, String name, int permissions, int seals) {
    MemoryObject file = new MemoryObject(memory, caller, permissions, seals, frames);
    file.hold();
    try {
      file.addLinks(-1);
      Dentry dentry = new Dentry(file, null, "/memfd:" + name + " (deleted)");
      return file.open(dentry, Fcntl.O_RDWR, caller);
    } finally {
      file.letGo();
    }
  }

  /** Makes an epoll (epoll_create(2)). */
  public EpollFile makeEpoll(Caller caller) {
    int owner = caller.credentials().uid();
    return new EpollFile(anonymousFile("[eventpoll]"), budget, owner, epolls);
  }

  /** A dentry for an anonymous file, shown as anon_inode:[kind]. */
  Dentry anonymousFile(String kind) {
    return new Dentry(new AnonymousInode(anonymous), null, "anon_inode:" + kind);
  }

  private static final class AnonymousInode extends Inode {
    AnonymousInode(AnonymousFileSystem files) {
      super(files, files.newInodeNumber(), OWNER_ONLY, 0, 0);
    }

    @Override
    public OpenFile open(Dentry dentry, int flags, Caller caller) {
      throw ErrnoException.of(Errno.ENXIO);
    }
  }
}
