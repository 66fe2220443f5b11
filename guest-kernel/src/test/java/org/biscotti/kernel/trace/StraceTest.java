package org.biscotti.kernel.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.syscall.SyscallTable;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.task.TestKernel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The observers on real tasks, whose calls go through the dispatcher. */
class StraceTest {
  private static final int GETPID = 39;
  private static final int EXIT = 60;
  private static final int UNAME = 63;
  private static final int USELIB = 134;
  private static final int PRCTL = 157;
  private static final int WRITE = 1;

  private final TestKernel kernel = new TestKernel();
  private final StringWriter output = new StringWriter();
  private final Strace strace = new Strace(output);
  private final Statistics statistics = new Statistics(1);
  private final Dispatcher dispatcher =
      new Dispatcher(new SyscallTable(), CompositeObserver.of(List.of(strace, statistics)));

  @AfterEach
  void close() {
    kernel.close();
  }

  private long call(Task task, long number, long a, long b, long c) {
    return dispatcher.observed(
        task, number, new long[] {a, b, c, 0, 0, 0}, true, System.nanoTime());
  }

  private void end(Task task) {
    dispatcher.ended(task);
    task.process().taskEnded(task);
  }

  private List<String> lines() {
    return output.toString().lines().toList();
  }

  @Test
  void aProgramFromStartToEnd() {
    Task task = kernel.program();
    long page = TestKernel.page(task);
    task.memory().copyOut(page, "name\0".getBytes(US_ASCII), 0, 5);
    strace.executed("./a", List.of("./a", "b c"), 0x7f00, 35);
    call(task, PRCTL, 15, page, 0);
    call(task, UNAME, page, 0, 0);
    call(task, UNAME, 0x10, 0, 0);
    call(task, USELIB, 0, 0, 0);
    call(task, EXIT, 300, 0, 0);
    end(task);
    assertThat(lines())
        .containsExactly(
            "execve(\"./a\", [\"./a\", \"b c\"], 0x7f00 /* 35 vars */) = 0",
            "prctl(PR_SET_NAME, \"name\")              = 0",
            "uname({sysname=\"Linux\", nodename=\"biscotti\", ...}) = 0",
            "uname(0x10)                             = -1 EFAULT (Bad address)",
            "uselib(0, 0, 0, 0, 0, 0)                = -1 ENOSYS (Function not implemented)",
            "exit(300)                               = ?",
            "+++ exited with 44 +++");
    assertThat(statistics.calls())
        .extracting(CallStatistics::name, CallStatistics::calls, CallStatistics::errors)
        .containsExactlyInAnyOrder(
            tuple("prctl", 1L, 0L),
            tuple("uname", 2L, 1L),
            tuple("uselib", 1L, 1L),
            tuple("exit", 1L, 0L));
  }

  @Test
  void theStringIsTheOneThatWasPassed() {
    Task task = kernel.program();
    long page = TestKernel.page(task);
    task.memory().setByte(page, (byte) 'x');
    long[] arguments = {1, page, 1, 0, 0, 0};
    strace.entered(task, WRITE, new SyscallTable().find(WRITE), arguments);
    task.memory().setByte(page, (byte) 'y');
    strace.returned(task, WRITE, new SyscallTable().find(WRITE), arguments, 1, 0);
    assertThat(lines()).containsExactly("write(1, \"x\", 1)                        = 1");
  }

  @Test
  void severalProcessesAreToldApart() {
    Task first = kernel.program();
    Task second = kernel.program();
    call(first, GETPID, 0, 0, 0);
    call(second, EXIT, 0, 0, 0);
    end(second);
    call(first, GETPID, 0, 0, 0);
    assertThat(lines())
        .containsExactly(
            "[pid     1] getpid()                    = 1",
            "[pid     2] exit(0)                     = ?",
            "[pid     2] +++ exited with 0 +++",
            "getpid()                                = 1");
  }

  @Test
  void aKilledProgramLeavesItsCallUnfinished() {
    Task task = kernel.program();
    long[] arguments = {0, 0x7000, 10, 0, 0, 0};
    SyscallTable table = new SyscallTable();
    strace.entered(task, 0, table.find(0), arguments);
    task.process().kill(Signals.SIGKILL);
    strace.returned(task, 0, table.find(0), arguments, -Errno.EINTR, 0);
    strace.ended(task);
    assertThat(lines())
        .containsExactly(
            "read(0,  <unfinished ...>)              = ?", "+++ killed by SIGKILL +++");
  }

  @Test
  void aBrokenOutputEndsTheTraceAlone() {
    IOException full = new IOException("no space left");
    List<String> written = new ArrayList<>();
    Strace broken =
        new Strace(
            new Writer() {
              @Override
              public void write(char[] text, int offset, int length) throws IOException {
                written.add(new String(text, offset, length));
                throw full;
              }

              @Override
              public void flush() {}

              @Override
              public void close() {}
            });
    Dispatcher traced = new Dispatcher(new SyscallTable(), broken);
    Task task = kernel.program();
    for (int i = 0; i < 2; i++) {
      assertThat(traced.observed(task, GETPID, new long[6], true, 0)).isEqualTo(1);
    }
    assertThat(broken.failure()).isSameAs(full);
    assertThat(written).hasSize(1);
  }

  @Test
  void oneObserverNeedsNoComposite() {
    SyscallObserver one = new Statistics(1);
    assertThat(CompositeObserver.of(List.of())).isNull();
    assertThat(CompositeObserver.of(List.of(one))).isSameAs(one);
  }
}
