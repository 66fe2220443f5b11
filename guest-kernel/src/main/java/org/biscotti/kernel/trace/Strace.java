package org.biscotti.kernel.trace;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;
import org.jspecify.annotations.Nullable;

/**
 * Prints system calls in the format of strace(1).
 *
 * <p>A call is one line, written at once when the call has returned; so a call that waits is seen
 * when it is over. What a program passes is read when the call starts, what the call stores when it
 * returns. While there is more than one process each line says whose it is.
 */
public final class Strace implements SyscallObserver {
  /** Where strace has the equals sign. */
  private static final int RESULT_COLUMN = 40;

  private static final int PID_WIDTH = 5;

  private final ArgumentDecoder decoder = new ArgumentDecoder();
  private final ConcurrentHashMap<Task, TracedCall> running = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Writer output;

  private volatile @Nullable IOException failure;

  /**
   * A trace that goes to {@code output}. It is flushed after each line and never closed; after an
   * {@link IOException} nothing more is written.
   */
  public Strace(Writer output) {
    this.output = output;
  }

  /** Why the trace ends early, or null if it does not. */
  public @Nullable IOException failure() {
    return failure;
  }

  /**
   * Prints the line that strace starts with, for a program that no call has started.
   *
   * @param path the program
   * @param arguments its arguments, the first its name; one char is one byte
   * @param environmentAddress where its environment is in its memory
   * @param variables how many variables there are
   */
  public void executed(
      String path, List<String> arguments, long environmentAddress, int variables) {
    CallText line = new CallText().add("execve(");
    quote(path, Integer.MAX_VALUE, line);
    line.add(", [");
    for (int i = 0; i < arguments.size(); i++) {
      line.add(i == 0 ? "" : ", ");
      if (i == TracedCall.SHOWN_MAX) {
        line.add("...");
        break;
      }
      quote(arguments.get(i), TracedCall.SHOWN_MAX, line);
    }
    line.add("], ").address(environmentAddress).add(" /* ").decimal(variables);
    line.add(variables == 1 ? " var */) " : " vars */) ").padTo(RESULT_COLUMN).add("= 0");
    write(line);
  }

  @Override
  public void started(Task task, String path, List<String> arguments, int variables) {
    // The initial stack (System V psABI for x86-64, 3.4.1): argc, argv, a null, envp.
    long stack = task.register(CpuContext.RSP);
    long argc = task.memory().getLong(stack);
    executed(path, arguments, stack + (argc + 2) * Long.BYTES, variables);
  }

  private static void quote(String text, int max, CallText line) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    line.quoted(bytes, 0, Math.min(bytes.length, max)).add(bytes.length > max ? "..." : "");
  }

  @Override
  public void entered(Task task, long number, @Nullable Syscall call, long[] arguments) {
    TracedCall traced = decoder.start(number, call, memoryOf(task), arguments);
    traced.decodeEntry();
    running.put(task, traced);
  }

  @Override
  public void returned(
      Task task, long number, @Nullable Syscall call, long[] arguments, long result, long nanos) {
    TracedCall traced = running.remove(task);
    if (traced == null) {
      return;
    }
    CallText line = leader(task);
    if (result == -Errno.EINTR && task.mustEnd()) {
      unfinished(traced, line);
    } else {
      traced.decodeReturn(result);
      finished(traced, line);
    }
    write(line);
  }

  /** The rest of the line of a call that has returned. */
  static void finished(TracedCall call, CallText line) {
    call.printCall(line);
    call.printResult(line.add(") ").padTo(RESULT_COLUMN).add("= "));
  }

  /** The rest of the line of a call that will never return. */
  static void unfinished(TracedCall call, CallText line) {
    call.printStartedCall(line);
    line.add(" <unfinished ...>) ").padTo(RESULT_COLUMN).add("= ?");
  }

  @Override
  public void signalled(Task task, SignalInfo info) {
    write(signal(info, leader(task)));
  }

  /** The line of a signal that a task takes. */
  static CallText signal(SignalInfo info, CallText line) {
    line.add("--- ");
    ConstantSets.signal(line, info.signal());
    Structs.find("siginfo").print(info.encode(), 0, line.add(' '));
    return line.add(" ---");
  }

  @Override
  public void ended(Task task) {
    TracedCall traced = running.remove(task);
    if (traced != null) {
      CallText line = leader(task);
      unfinished(traced, line);
      write(line);
    }
    write(epitaph(task.exitStatus(), leader(task)));
  }

  /** The last line. */
  static CallText epitaph(Process.ExitStatus status, CallText line) {
    if (status.signal() == 0) {
      return line.add("+++ exited with ").decimal(status.code()).add(" +++");
    }
    CallText signal = new CallText();
    ConstantSets.signal(signal, status.signal());
    return line.add("+++ killed by ").add(signal).add(" +++");
  }

  private static CallText leader(Task task) {
    CallText line = new CallText();
    if (task.kernel().processes().size() > 1) {
      String pid = Integer.toString(task.threadId());
      line.add("[pid ").add(" ".repeat(Math.max(0, PID_WIDTH - pid.length()))).add(pid).add("] ");
    }
    return line;
  }

  /** A page whose content has to be waited for counts as one that cannot be read. */
  private static TracedMemory memoryOf(Task task) {
    UserMemory memory = task.memory();
    return (gva, to, offset, length) -> {
      try {
        return memory.copyIn(gva, to, offset, length);
      } catch (MustWait | ErrnoException e) {
        return 0;
      }
    };
  }

  private void write(CallText line) {
    String text = line.add('\n').toString();
    lock.lock();
    try {
      if (failure == null) {
        output.write(text);
        output.flush();
      }
    } catch (IOException e) {
      failure = e;
    } finally {
      lock.unlock();
    }
  }
}
