package org.biscotti.kernel.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.syscall.SyscallTable;
import org.biscotti.kernel.task.FutexTable;
import org.biscotti.kernel.task.KernelLog;
import org.biscotti.kernel.task.KernelState;
import org.biscotti.kernel.task.KernelTimers;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.ProcessTable;
import org.biscotti.kernel.task.Scheduler;
import org.biscotti.kernel.task.Task;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The observers on real tasks, whose calls go through the dispatcher. */
class StraceTest {
  private static final int PAGE = GuestMemory.PAGE_SIZE;
  private static final int GETPID = 39;
  private static final int EXIT = 60;
  private static final int UNAME = 63;
  private static final int USELIB = 134;
  private static final int PRCTL = 157;
  private static final int WRITE = 1;

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory =
      new GuestMemory(arena.allocate(257L * PAGE, PAGE), new NoBacking());
  private final FrameAllocator frames = new FrameAllocator(memory, PAGE, MemoryPolicy.EXACT);
  private final KernelState kernel =
      new KernelState(
          memory,
          frames,
          MemoryPolicy.EXACT,
          new StoppedClock(),
          0,
          1,
          null,
          new ProcessTable(),
          new Scheduler<>(1),
          new FutexTable(),
          null,
          new KernelTimers(new KernelLog()),
          Parallel.NONE,
          new KernelLog());
  private final StringWriter output = new StringWriter();
  private final Strace strace = new Strace(output);
  private final Statistics statistics = new Statistics(1);
  private final Dispatcher dispatcher =
      new Dispatcher(new SyscallTable(), CompositeObserver.of(List.of(strace, statistics)));

  private static final class StoppedClock implements Clock {
    @Override
    public long realtimeNanos() {
      return 0;
    }

    @Override
    public long monotonicNanos() {
      return 0;
    }
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private Task program() {
    AddressSpace space = new AddressSpace(frames, memory, new long[] {0x1003}, MemoryPolicy.EXACT);
    return Process.create(
            kernel,
            space,
            new FileTable(10),
            null,
            Credentials.ROOT,
            new Dentry(null, null, "program"),
            new Process.ProgramImage(0, 0, 0, 0, 0, 0),
            new CpuContext())
        .mainTask();
  }

  private static long page(Task task) {
    return task.space()
        .mmap(
            0,
            PAGE,
            Mman.PROT_READ | Mman.PROT_WRITE,
            Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS,
            null,
            0,
            false);
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
    Task task = program();
    long page = page(task);
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
    Task task = program();
    long page = page(task);
    task.memory().setByte(page, (byte) 'x');
    long[] arguments = {1, page, 1, 0, 0, 0};
    strace.entered(task, WRITE, new SyscallTable().find(WRITE), arguments);
    task.memory().setByte(page, (byte) 'y');
    strace.returned(task, WRITE, new SyscallTable().find(WRITE), arguments, 1, 0);
    assertThat(lines()).containsExactly("write(1, \"x\", 1)                        = 1");
  }

  @Test
  void severalProcessesAreToldApart() {
    Task first = program();
    Task second = program();
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
    Task task = program();
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
    Task task = program();
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
