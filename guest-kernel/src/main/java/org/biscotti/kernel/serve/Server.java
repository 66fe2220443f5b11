package org.biscotti.kernel.serve;

import static org.biscotti.kernel.port.CpuContext.*;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.event.Events;
import org.biscotti.kernel.event.HandOverEvent;
import org.biscotti.kernel.event.ParkEvent;
import org.biscotti.kernel.event.SystemCallEvent;
import org.biscotti.kernel.fs.HeldFiles;
import org.biscotti.kernel.mem.CallSites;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.task.Scheduler;
import org.biscotti.kernel.task.SignalDelivery;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;
import org.jspecify.annotations.Nullable;

/**
 * A vCPU's thread as a server of system calls: its own program's, which come by an exit, and while
 * it has no program to run those of the other vCPUs, which come through their rings.
 *
 * <p>All methods are for that thread.
 */
public final class Server {
  /**
   * How long to look at the rings without a request before parking. Stopping costs the next caller
   * a few exits (30 µs each on the dearest hosts) until it is worth waking a server, and the
   * wake-up (50 µs); spinning for about as long as that is at most twice as bad as knowing the
   * future.
   */
  private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(300);

  /** A server that has had something to serve within this time is in the middle of it. */
  private static final long BUSY_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /** Looks at the rings between two looks at the clock. */
  private static final int LOOKS = 64;

  /** Calls of one program that follow each other within this time make a server worth waking. */
  private static final long NEAR_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  /**
   * Calls that take longer are not worth a server: what it saves, an exit, is no longer most of
   * their cost. Right after the start, as long as the kernel's code is interpreted, that is every
   * call, and the idle core is of more use to the JVM's compiler than to a program that spins.
   */
  private static final long DEAR_NANOS = TimeUnit.MICROSECONDS.toNanos(20);

  /** Over so many calls by exit their service time is averaged. */
  private static final int SERVICES_AVERAGED = 8;

  /** So many of them in a row: a program that makes two calls and computes is better left alone. */
  private static final int NEAR_CALLS = 4;

  /** How long a vCPU's thread waits for its call before it runs something else meanwhile. */
  private static final long PATIENCE_NANOS = TimeUnit.MICROSECONDS.toNanos(20);

  /** How long to wait for a program to save its vector state. It takes it less than 1 µs. */
  private static final long SAVE_NANOS = TimeUnit.MICROSECONDS.toNanos(5);

  private static final long FORGER_WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  // Kinds of HandOverEvent.
  private static final String SERVING_BEGINS = "serving-begins";
  private static final String SERVING_ENDS = "serving-ends";
  private static final String SERVER_WOKEN = "server-woken";
  private static final String CALL_REFUSED = "call-refused";
  private static final String CALL_TO_THREAD = "call-to-thread";
  private static final String CALL_MOVED = "call-moved";
  private static final String VCPU_SWITCHED = "vcpu-switched";

  private final Serving serving;
  private final Scheduler<Task> scheduler;
  private final Dispatcher dispatcher;
  private final Parallel parallel;
  private final SyscallRing ring;
  private final int vcpu;
  private final CallThreads.Here here;
  private long lastCallNanos;
  private int nearCalls;
  private long meanServiceNanos;

  /** The server that the calling thread, a vCPU's, is. */
  public Server(Serving serving, GuestCpu cpu) {
    this.serving = serving;
    vcpu = cpu.index();
    scheduler = serving.kernel().scheduler();
    dispatcher = serving.dispatcher();
    parallel = serving.kernel().parallel();
    ring = serving.ring(vcpu);
    ring.useVectorOf(cpu);
    here = serving.threads().new Here();
    serving.pledge();
  }

  // ---- the vCPU's own program ----

  /** Before a task runs on this vCPU for the first time, or again. */
  public void attach(boolean otherSpace) {
    ring.attach(otherSpace);
  }

  /** Before the program runs: its calls may be taken from the ring. */
  public void open(Task task) {
    if (serving.exitless() != Exitless.OFF) {
      serving.announce(ring);
      ring.call().open(task);
    }
  }

  /**
   * After the program has left the guest for something else than a posted call.
   *
   * @param task what the vCPU ran last, as far as its thread knows
   * @return what it has run since
   */
  public Task close(Task task) {
    if (serving.exitless() == Exitless.OFF) {
      return task;
    }
    Call call = ring.call();
    while (!call.close()) {
      // The program goes on while a call of its is being served: it has written the request itself,
      // from outside the entry page. Nobody may touch the task before that call is over, and nobody
      // wants its result.
      switch (call.state()) {
        case Call.FINISHED, Call.IDLE -> {
          call.idle();
          return call.task();
        }
        case Call.PARKED -> {
          call.task().interruptWait();
          LockSupport.parkNanos(FORGER_WAIT_NANOS);
        }
        case Call.MOVED -> call = ring.call();
        default -> LockSupport.parkNanos(FORGER_WAIT_NANOS);
      }
    }
    return call.task();
  }

  /**
   * After the program has left the guest with a posted call.
   *
   * @param task what the vCPU ran last, as far as its thread knows
   * @return what it has run since, and has to {@link #settle}; null if somebody else will finish
   *     the call, and the vCPU has nothing to do with its task any more
   */
  public @Nullable Task closePosted(Task task) {
    if (serving.exitless() == Exitless.OFF) {
      return task; // a jump into the entry page
    }
    Call call = ring.call();
    while (!call.closeWithin(PATIENCE_NANOS)) {
      if (call.move()) {
        handOver(CALL_MOVED);
        return null;
      }
      // Finished meanwhile, or the vCPU is another task's. Of a program that has forged a request
      // the real one may be taken next, so this is not yet the end.
      call = ring.call();
    }
    return call.task();
  }

  /**
   * After {@link #closePosted}.
   *
   * @return true if the task has the result of its call, or its registers, and can go on; false if
   *     nobody has taken the call, and it is to be served like one that came by an exit
   */
  public boolean settle(Task task, GuestCpu cpu) {
    Call call = ring.call();
    if (call.state() == Call.FINISHED) {
      // It may have been posted again, in answer to whoever has finished it by now.
      ring.skipRequest();
      goOnWith(task, cpu, call.registers(), call.result());
      call.idle();
      return true;
    }
    if (!ring.isAnswered()) {
      return false;
    }
    if (ring.isAnsweredBySwitch()) {
      task.attach(cpu);
      return true;
    }
    goOnWith(task, cpu, ring.answeredRegisters(), ring.answeredResult());
    return true;
  }

  private static void goOnWith(
      Task task, GuestCpu cpu, @Nullable PostedRegisters registers, long result) {
    if (registers == null) {
      task.setRegister(RAX, result);
    } else if (!registers.copyTo(cpu)) {
      SignalDelivery.force(task, Signals.SIGSEGV);
    }
  }

  /**
   * Serves a call that came by an exit.
   *
   * @param posted true if it was posted before, and nobody has served it
   * @return true if it is done and its result in RAX, false if the task is not this vCPU's any more
   */
  public boolean serveExit(Task task, boolean posted, long nowNanos) {
    boolean looked = ring.skipRequest();
    considerWaking(nowNanos);
    if (serving.usesJumps() && !ring.isJumped()) {
      considerJump(task);
    }
    Call call = ring.call();
    // A server that looked at it and sent it back may have told the observers.
    call.reported &= posted && looked;
    call.takeFromExit(task);
    call.number = task.register(RAX);
    call.a = task.register(RDI);
    call.b = task.register(RSI);
    call.c = task.register(RDX);
    call.d = task.register(R10);
    call.e = task.register(R8);
    call.f = task.register(R9);
    call.startNanos = nowNanos;
    serving.policy().serve(call, this);
    while (call.state() != Call.FINISHED) {
      if (call.state() == Call.PARKED) {
        if (call.move()) {
          handOver(CALL_MOVED);
          return false;
        }
      } else if (!runQueued()) {
        Thread.onSpinWait();
      }
    }
    call.idle();
    task.setRegister(RAX, call.result());
    return true;
  }

  /** If this instruction has made many calls, a jump is worth having in front of it. */
  private static void considerJump(Task task) {
    CallSites sites = task.space().callSites();
    if (sites.isBusy(task.register(RIP))) {
      sites.replace(task.register(RIP), task.register(RAX));
    }
  }

  /** Takes note of how long this thread has had to do with a call that came by an exit. */
  public void noteService(long nanos) {
    meanServiceNanos += (nanos - meanServiceNanos) / SERVICES_AVERAGED;
  }

  /** If exits come thick and a vCPU is idle, its thread is worth waking as a server. */
  private void considerWaking(long nowNanos) {
    if (serving.exitless() == Exitless.OFF) {
      return;
    }
    boolean near = nowNanos - lastCallNanos < NEAR_NANOS && meanServiceNanos < DEAR_NANOS;
    lastCallNanos = nowNanos;
    nearCalls = near ? nearCalls + 1 : 0;
    if ((nearCalls >= NEAR_CALLS || serving.exitless() == Exitless.ON) && !serving.isActive()) {
      nearCalls = 0;
      handOver(SERVER_WOKEN);
      scheduler.wakeIdle();
    }
  }

  /**
   * Runs what this thread, and others, have made ready: before a program runs and before this
   * thread waits. A writer's thread so finishes the call of the reader that it has woken; a pool's
   * thread would have to share a core with it.
   *
   * @return true if there was something
   */
  public boolean runLeftovers() {
    return serving.settle();
  }

  // ---- the others ----

  /**
   * Serves the rings of the other vCPUs until there is a task to run, or there has been nothing to
   * serve for a while.
   */
  public void serveOthers() {
    if (serving.exitless() == Exitless.OFF || (scheduler.running() == 0 && !serving.isActive())) {
      return;
    }
    serving.begin();
    handOver(SERVING_BEGINS);
    try {
      long last = System.nanoTime();
      boolean served = false;
      boolean busy = false;
      for (int looks = 1; !scheduler.hasWork(vcpu, busy); looks++) {
        served |= serveOnce();
        if (looks % LOOKS == 0) {
          long now = System.nanoTime();
          if (served) {
            last = now;
            served = false;
          } else if (now - last > SPIN_NANOS) {
            break;
          }
          busy = now - last < BUSY_NANOS;
          if (!busy && scheduler.running() == 0) {
            break;
          }
        }
        Thread.onSpinWait();
      }
    } finally {
      serving.end();
      handOver(SERVING_ENDS);
    }
  }

  /** Looks at each ring once; true if there was anything to do. */
  boolean serveOnce() {
    boolean any = false;
    for (SyscallRing other : serving.rings()) {
      Call call = other.call();
      if (call.tryTake()) {
        any = true;
        serveTaken(call);
      }
    }
    any |= serving.runContinuation();
    any |= runQueued();
    return parallel.help() || any;
  }

  private void serveTaken(Call call) {
    Task task = call.task();
    boolean needsVcpu = dispatcher.needsVcpu(call.number);
    boolean makesThread = needsVcpu && dispatcher.makesThread(task, call.number, call.a);
    if ((needsVcpu && !makesThread) || task.mustLeaveGuest() || shouldBecomeJump(call)) {
      refuse(call);
      return;
    }
    if (makesThread || dispatcher.loadsRegisters(call.number)) {
      PostedRegisters registers = makesThread ? savedRegisters(call) : call.takeRegisters();
      if (registers == null || (makesThread && !registers.isComplete())) {
        refuse(call);
        return;
      }
      task.setPosted(registers);
    }
    if (dispatcher.isObserved()) {
      call.startNanos = System.nanoTime();
    }
    serving.policy().serve(call, this);
  }

  /** True if its vCPU's thread should see to it that it comes by a jump from now on. */
  private boolean shouldBecomeJump(Call call) {
    return serving.usesJumps()
        && call.returnAddress != 0
        && call.task().space().callSites().isBusy(call.returnAddress);
  }

  // ---- what policies are made of ----

  /** Runs the handler of a call on this thread; if it has to wait, on a thread of its own. */
  void runHere(Call call) {
    long result;
    try {
      result = dispatch(call);
    } catch (MustWait wait) {
      if (call.posted && !switchFrom(call)) {
        refuse(call);
      } else {
        handOver(call.posted ? VCPU_SWITCHED : CALL_TO_THREAD);
        runOnOwnThread(call);
      }
      return;
    }
    finish(call, result);
  }

  /**
   * Gives the vCPU of a posted call that has to wait to the next task in its run queue, if that is
   * a thread of the same program: it takes two copies of vector state instead of an exit.
   *
   * @return false if it is to be refused instead
   */
  private boolean switchFrom(Call call) {
    Task task = call.task();
    GuestCpu on = task.cpu();
    if (on == null) {
      return false;
    }
    Task next = scheduler.takeIf(on.index(), other -> isReadySibling(other, task, on.index()));
    if (next == null) {
      return false;
    }
    PostedRegisters registers = savedRegisters(call);
    if (registers == null || !registers.isComplete()) {
      scheduler.enqueue(next);
      return false;
    }
    if (!call.switchTo(next, registers)) {
      scheduler.enqueue(next);
      return true; // the vCPU's thread has saved the task, and is rid of it
    }
    if (next.mustLeaveGuest() || next.hold() != null) {
      scheduler.kick(next); // since it was looked at; it would not be told in the guest
    }
    return true;
  }

  /**
   * After a call that ends a thread: its vCPU goes on as another, such as waits for just that.
   *
   * @return false if the vCPU's thread is to end it
   */
  private boolean endBySwitch(Call call) {
    Task task = call.task();
    task.leaveTraces();
    if (!Thread.currentThread().isVirtual()) {
      serving.runContinuation(); // of whoever has waited for it, and has to come back first
    }
    if (!switchFrom(call)) {
      return false;
    }
    dispatcher.ended(task);
    task.process().taskEnded(task);
    return true;
  }

  private static boolean isReadySibling(Task next, Task task, int vcpu) {
    return next.isSiblingOf(task)
        && next.restartableSequence().isGoodFor(vcpu)
        && next.hold() == null
        && next.execution() == null
        && !next.mustLeaveGuest()
        && PostedRegisters.isLoadable(next.context());
  }

  /** Hands a posted call back to its vCPU's thread, which will take it by an exit. */
  void refuse(Call call) {
    handOver(CALL_REFUSED);
    Task task = call.task();
    task.setPosted(null);
    if (!call.refuse()) {
      serving.restart(task, call.number);
    }
  }

  /** Runs the handler of a call on a new virtual thread, here until it waits. */
  void runOnOwnThread(Call call) {
    int turn = call.turn();
    serving.threads().run(() -> runWaiting(call), here);
    call.park(turn);
  }

  private void runWaiting(Call call) {
    Task task = call.task();
    ParkEvent event = Events.park();
    task.setWaitingThread(Thread.currentThread());
    long result;
    HeldFiles held = HeldFiles.begin();
    try {
      // A signal that came before the thread could be interrupted must not be lost.
      if (task.mustEnd() || task.hasDeliverableSignal()) {
        Thread.currentThread().interrupt();
      }
      result = dispatch(call);
    } finally {
      task.setWaitingThread(null);
      held.close();
    }
    if (event != null) {
      event.done(ParkEvent.CALL, -1, task.threadId());
    }
    finish(call, result);
  }

  /** Leaves a call to whichever server is free first, this one among them. */
  void queue(Call call) {
    serving.enqueue(call);
    while (runQueued()) {}
  }

  private boolean runQueued() {
    Call next = serving.nextQueued();
    if (next == null) {
      return false;
    }
    runHere(next);
    return true;
  }

  private void finish(Call call, long result) {
    Task task = call.task();
    PostedRegisters registers = call.registers();
    if (registers == null && call.posted && SignalDelivery.awaitsHandlersOnly(task)) {
      registers = savedRegisters(call);
    }
    if (registers != null) {
      finish(call, registers, result);
    } else if (call.posted && dispatcher.endsThread(call.number) && endBySwitch(call)) {
      handOver(VCPU_SWITCHED);
    } else if (!call.finish(result)) {
      serving.resume(task, result);
    }
  }

  /** The registers of the program that waits for the call, vector state and all; null if none. */
  private static @Nullable PostedRegisters savedRegisters(Call call) {
    if (!call.askToSave()) {
      return null;
    }
    long start = System.nanoTime();
    while (!call.seemsSaved() && System.nanoTime() - start < SAVE_NANOS) {
      Thread.onSpinWait();
    }
    return call.takeSaved();
  }

  /**
   * Ends a call that has to do with all registers of its program: which returns from a signal
   * handler, or is to begin one.
   */
  private void finish(Call call, PostedRegisters registers, long result) {
    Task task = call.task();
    registers.setRegister(RAX, result);
    if (registers.isVectorKnown() && task.needsDelivery()) {
      task.setPosted(registers);
      deliver(task);
    }
    task.setPosted(null);
    if (!call.finish(registers)) {
      serving.resume(task, registers);
    }
  }

  private void deliver(Task task) {
    try {
      SignalDelivery.deliver(task);
    } catch (RuntimeException | Error error) {
      serving.kernel().log().failure("process " + task.processId() + " is killed", error);
      task.process().kill(Signals.SIGKILL);
    }
  }

  private long dispatch(Call call) {
    SystemCallEvent event = Events.systemCall();
    long result = dispatchUnrecorded(call);
    if (event != null) {
      Task task = call.task();
      String name = dispatcher.name(call.number);
      event.done(task.processId(), task.threadId(), call.number, name, result, call.posted);
    }
    return result;
  }

  private long dispatchUnrecorded(Call call) {
    if (!dispatcher.isObserved()) {
      return dispatcher.call(
          call.task(), call.number, call.a, call.b, call.c, call.d, call.e, call.f);
    }
    boolean first = !call.reported;
    call.reported = true;
    long[] arguments = {call.a, call.b, call.c, call.d, call.e, call.f};
    return dispatcher.observed(call.task(), call.number, arguments, first, call.startNanos);
  }

  private void handOver(String kind) {
    HandOverEvent event = Events.handOver();
    if (event != null) {
      event.done(vcpu, kind);
    }
  }

  @Override
  public String toString() {
    return "server " + vcpu;
  }
}
