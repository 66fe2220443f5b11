package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Epoll.*;
import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.ipc.EpollFile;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Task;

/** Waiting for many descriptors: epoll(7). */
final class EpollCalls {
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int EVENTS_MAX = Integer.MAX_VALUE / EVENT_SIZE;

  private EpollCalls() {}

  static long epollCreate(Task t, long size, long b, long c, long d, long e, long f) {
    if ((int) size <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    return epollCreate1(t, 0, b, c, d, e, f);
  }

  static long epollCreate1(Task t, long flags, long b, long c, long d, long e, long f) {
    Paths.checkFlags(flags, Fcntl.O_CLOEXEC);
    OpenFile file = t.kernel().files().ipc().makeEpoll(t);
    return t.files().installNew(file, (flags & Fcntl.O_CLOEXEC) != 0);
  }

  static long epollCtl(Task t, long fd, long command, long target, long event, long e, long f) {
    int events = 0;
    long data = 0;
    if ((int) command != EPOLL_CTL_DEL) {
      events = t.memory().getInt(event);
      data = t.memory().getLong(event + Integer.BYTES);
    }
    OpenFile epoll = t.files().get((int) fd);
    OpenFile file = t.files().get((int) target);
    if (!file.isWaitable()) {
      throw ErrnoException.of(EPERM);
    }
    if (!(epoll instanceof EpollFile watcher)) {
      throw ErrnoException.of(EINVAL);
    }
    switch ((int) command) {
      case EPOLL_CTL_ADD -> watcher.add(file, (int) target, events, data);
      case EPOLL_CTL_MOD -> watcher.modify(file, (int) target, events, data);
      case EPOLL_CTL_DEL -> watcher.remove(file, (int) target);
      default -> throw ErrnoException.of(EINVAL);
    }
    return 0;
  }

  static long epollWait(Task t, long fd, long to, long max, long timeout, long e, long f) {
    long nanos = (int) timeout < 0 ? Long.MAX_VALUE : (int) timeout * NANOS_PER_MILLI;
    return await(t, fd, to, max, t.signalState().deadline(nanos));
  }

  static long epollPwait(
      Task t, long fd, long to, long max, long timeout, long mask, long maskBytes) {
    return PollCalls.withMask(t, mask, maskBytes, () -> epollWait(t, fd, to, max, timeout, 0, 0));
  }

  static long epollPwait2(
      Task t, long fd, long to, long max, long timeout, long mask, long maskBytes) {
    long nanos = timeout == 0 ? Long.MAX_VALUE : TimeCalls.getTimespec(t.memory(), timeout);
    long deadline = t.signalState().deadline(nanos);
    return PollCalls.withMask(t, mask, maskBytes, () -> await(t, fd, to, max, deadline));
  }

  private static long await(Task t, long fd, long to, long max, long deadline) {
    if ((int) max <= 0 || (int) max > EVENTS_MAX) {
      throw ErrnoException.of(EINVAL);
    }
    if (!(t.files().get((int) fd) instanceof EpollFile epoll)) {
      throw ErrnoException.of(EINVAL);
    }
    return epoll.await((int) max, new UserEvents(t.memory(), to), deadline);
  }

  /** An array of {@code struct epoll_event} in a program's memory. */
  private static final class UserEvents implements EpollFile.Sink {
    private final UserMemory memory;
    private long at;

    UserEvents(UserMemory memory, long at) {
      this.memory = memory;
      this.at = at;
    }

    @Override
    public boolean event(int events, long data) {
      try {
        memory.setInt(at, events);
        memory.setLong(at + Integer.BYTES, data);
      } catch (ErrnoException bad) {
        return false;
      }
      at += EVENT_SIZE;
      return true;
    }
  }
}
