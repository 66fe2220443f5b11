package org.biscotti.kernel.syscall;

import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.task.SignalDelivery;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;
import org.jspecify.annotations.Nullable;

/**
 * Calls the handler of a system call, and turns whatever comes out of it into a result: the one
 * place where an {@link ErrnoException} is caught, and the last one that any other exception can
 * reach.
 */
public final class Dispatcher {
  /** Its result is whatever RAX is in the frame. */
  private static final int RT_SIGRETURN = 15;

  private final SyscallTable table;
  private final @Nullable SyscallObserver observer;

  /** A dispatcher that tells {@code observer}, if there is one, of every call. */
  public Dispatcher(SyscallTable table, @Nullable SyscallObserver observer) {
    this.table = table;
    this.observer = observer;
  }

  /** True if calls have to be reported: then they come through {@link #observed}. */
  public boolean isObserved() {
    return observer != null;
  }

  /** True if only the thread of the caller's vCPU can serve the call. */
  public boolean needsVcpu(long number) {
    return table.needsVcpu(number);
  }

  /**
   * True if a call that {@link #needsVcpu} makes a thread: if the caller's registers are known, and
   * in its task, any thread can serve it.
   *
   * @param firstArgument of the call
   */
  public boolean makesThread(Task caller, long number, long firstArgument) {
    return CloneCalls.makesThread(caller, number, firstArgument);
  }

  /** True if the call ends its caller, and nobody else. */
  public boolean endsThread(long number) {
    return SyscallTable.endsThread(number);
  }

  /** True if the call sets all registers of its caller; it finds them in the task. */
  public boolean loadsRegisters(long number) {
    return table.loadsRegisters(number);
  }

  /** The name of a call, null if there is none of that number. */
  public @Nullable String name(long number) {
    Syscall call = table.find(number);
    return call == null ? null : call.name();
  }

  /**
   * Serves a call.
   *
   * @return the result, or a negative error number
   * @throws MustWait if it has to wait and the thread may not; nothing has been done then
   */
  public long call(Task task, long number, long a, long b, long c, long d, long e, long f) {
    Syscall call = table.find(number);
    if (call == null) {
      return missing(task, number);
    }
    // A deadline that an earlier call had says nothing about this one.
    task.signalState().deadline(Long.MAX_VALUE);
    try {
      long result = call.handler().call(task, a, b, c, d, e, f);
      return result == -Errno.EPIPE && number != RT_SIGRETURN ? brokenPipe(task) : result;
    } catch (ErrnoException failure) {
      if (failure.equals(ErrnoException.EPIPE_WITHOUT_SIGNAL)) {
        return -Errno.EPIPE;
      }
      if (failure.equals(ErrnoException.FILE_SIZE_LIMIT)) {
        SignalDelivery.send(task, Signals.SIGXFSZ);
      }
      return failed(task, call, number, failure.errno());
    } catch (MustWait wait) {
      throw wait;
    } catch (OutOfMemoryError error) {
      return -Errno.ENOMEM;
    } catch (RuntimeException | StackOverflowError | AssertionError error) {
      return failed(task, call, error, a, b, c, d, e, f);
    }
  }

  private static long failed(Task task, Syscall call, long number, int errno) {
    if (errno == Errno.EPIPE) {
      return brokenPipe(task);
    }
    if (errno == Errno.ENOSYS && call.support() == Syscall.Support.REFUSED) {
      logMissing(task, call.name());
    }
    if (errno == Errno.EINTR) {
      task.signalState().callInterrupted(number, call.interruption());
    }
    return -errno;
  }

  private static long brokenPipe(Task task) {
    SignalDelivery.brokenPipe(task);
    return -Errno.EPIPE;
  }

  private static long missing(Task task, long number) {
    logMissing(task, Integer.toString((int) number));
    return -Errno.ENOSYS;
  }

  private static void logMissing(Task task, String call) {
    task.kernel().log().missing("system call " + call);
  }

  /** A fault of ours: the call fails, the event is logged with its arguments, all else goes on. */
  private static long failed(Task task, Syscall call, Throwable error, long... arguments) {
    String[] shown = Arrays.stream(arguments).mapToObj(Long::toHexString).toArray(String[]::new);
    task.kernel()
        .log()
        .failure(
            "%s(%s) of process %d failed in the kernel"
                .formatted(call.name(), String.join(", ", shown), task.processId()),
            error);
    return -Errno.EIO;
  }

  /**
   * Serves a call and reports it.
   *
   * @param arguments the six arguments; kept until the call has returned
   * @param first false if the call has been started before and had to wait
   * @param startNanos System.nanoTime when it was started first
   */
  public long observed(Task task, long number, long[] arguments, boolean first, long startNanos) {
    Syscall row = table.find(number);
    SyscallObserver to = observer;
    if (first && to != null) {
      to.entered(task, number, row, arguments);
    }
    long result =
        call(
            task,
            number,
            arguments[0],
            arguments[1],
            arguments[2],
            arguments[3],
            arguments[4],
            arguments[5]);
    if (to != null) {
      to.returned(task, number, row, arguments, result, System.nanoTime() - startNanos);
    }
    return result;
  }

  /** Reports that a task has ended. */
  public void ended(Task task) {
    if (observer != null) {
      observer.ended(task);
    }
  }
}
