package org.biscotti.kernel.task;

import java.util.Optional;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.fs.AnonymousFileSystem;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.WaitQueue;

/**
 * A descriptor that signals are read from (signalfd(2)).
 *
 * <p>Whoever reads gets his own signals and his process's. Readiness is that of the task that made
 * the descriptor.
 */
public final class SignalFile extends OpenFile {
  /** {@code ANON_INODE_FS_MAGIC}. */
  private static final long MAGIC = 0x0904_1934L;

  private static final int MODE = 0600;

  private final Task owner;
  private volatile long wanted;

  private SignalFile(Dentry dentry, int flags, Task owner, long wanted) {
    super(dentry, flags);
    this.owner = owner;
    this.wanted = wanted;
  }

  /**
   * Makes one.
   *
   * @param flags O_NONBLOCK or 0
   */
  public static SignalFile create(Task owner, long wanted, int flags) {
    AnonymousFileSystem files =
        new AnonymousFileSystem("anon_inodefs", MAGIC, owner.kernel().clock());
    Dentry dentry = new Dentry(new Node(files), null, "anon_inode:[signalfd]");
    return new SignalFile(dentry, flags | Fcntl.O_RDWR, owner, wanted);
  }

  private static final class Node extends Inode {
    Node(AnonymousFileSystem files) {
      super(files, files.newInodeNumber(), MODE, 0, 0);
    }

    @Override
    public OpenFile open(Dentry dentry, int flags, Caller caller) {
      throw ErrnoException.of(Errno.ENXIO);
    }
  }

  /** Changes which signals are read. */
  public void setWanted(long signals) {
    wanted = signals;
  }

  @Override
  public long read(UserBuffer to, Caller caller) {
    if (!(caller instanceof Task task) || to.remaining() < SignalInfo.DESCRIPTOR_BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long done = 0;
    while (to.remaining() >= SignalInfo.DESCRIPTOR_BYTES) {
      Optional<SignalInfo> taken = Optional.ofNullable(SignalDelivery.take(task, wanted));
      if (taken.isPresent()) {
        done += to.put(taken.get().encodeForDescriptor(), 0, SignalInfo.DESCRIPTOR_BYTES);
        if (to.faulted()) {
          break;
        }
      } else if (done > 0) {
        break;
      } else if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      } else {
        MustWait.unlessVirtual();
        task.process()
            .signalState()
            .arrivals()
            .await(Poll.POLLIN, () -> isReadyFor(task), Long.MAX_VALUE);
      }
    }
    if (done == 0) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  private boolean isReadyFor(Task task) {
    return ((task.pendingSignals() | task.process().pendingSignals()) & wanted) != 0;
  }

  @Override
  public int readyEvents() {
    return isReadyFor(owner) ? Poll.POLLIN : 0;
  }

  @Override
  public WaitQueue waitQueue() {
    return owner.process().signalState().arrivals();
  }
}
