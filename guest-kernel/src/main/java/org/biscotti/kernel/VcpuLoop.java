package org.biscotti.kernel;

import static org.biscotti.kernel.port.CpuContext.*;

import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.event.ContextSwitchEvent;
import org.biscotti.kernel.event.Events;
import org.biscotti.kernel.event.ExitEvent;
import org.biscotti.kernel.event.PageFaultEvent;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FaultOutcome;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.Trap;
import org.biscotti.kernel.serve.Server;
import org.biscotti.kernel.serve.Serving;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.task.Execution;
import org.biscotti.kernel.task.Hold;
import org.biscotti.kernel.task.KernelState;
import org.biscotti.kernel.task.Scheduler;
import org.biscotti.kernel.task.SignalDelivery;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/**
 * What a vCPU's thread does all day: takes a task from the run queue, runs it until it traps,
 * serves the trap, and goes on until the task waits, ends or has had its slice. Without a task it
 * serves the calls of the other vCPUs' programs.
 */
final class VcpuLoop {
  private final KernelState kernel;
  private final Dispatcher dispatcher;
  private final ClockKeeper clockKeeper;
  private final GuestCpu cpu;

  private final Server server;
  private @Nullable AddressSpace lastSpace;

  /** What the vCPU runs, or has run last. */
  private @Nullable Task running;

  /** The loop of the calling thread, which is the vCPU's. */
  VcpuLoop(
      KernelState kernel,
      Dispatcher dispatcher,
      ClockKeeper clockKeeper,
      Serving serving,
      GuestCpu cpu) {
    this.kernel = kernel;
    this.dispatcher = dispatcher;
    this.clockKeeper = clockKeeper;
    this.cpu = cpu;
    server = new Server(serving, cpu);
  }

  /** Runs tasks until the scheduler is closed. */
  void run() {
    Scheduler<Task> scheduler = kernel.scheduler();
    while (!scheduler.isClosed()) {
      server.runLeftovers();
      Task task = scheduler.poll(cpu);
      if (task == null) {
        server.serveOthers();
        task = scheduler.take(cpu);
      }
      if (task != null) {
        runOrKill(task);
      }
    }
  }

  private void runOrKill(Task first) {
    running = first;
    try {
      runTask(first);
    } catch (RuntimeException | Error error) {
      Task task = running;
      kernel.log().failure("process " + task.processId() + " is killed", error);
      task.process().kill(Signals.SIGKILL);
      end(task);
    }
  }

  /** Runs a task, and those that servers put in its place, until one gives the vCPU up. */
  private void runTask(Task first) {
    Task task = first;
    attach(task);
    long mark = System.nanoTime();
    while (true) {
      Hold hold = task.hold();
      if (hold != null && !task.mustEnd()) {
        hold(task, hold);
        return;
      }
      if (task.needsDelivery()) {
        SignalDelivery.deliver(task);
        if (SignalDelivery.parkIfStopped(task)) {
          return;
        }
      }
      if (task.mustEnd()) {
        end(task);
        return;
      }
      Execution execution = task.execution();
      if (execution != null) {
        task.leaveCpu();
        execution.commit(task);
        attach(task);
      }
      clockKeeper.tick(cpu, mark);
      if (server.runLeftovers()) {
        mark = System.nanoTime(); // it was not for this task
      }
      task.runs(mark);
      server.open(task);
      Trap trap = cpu.run();
      long trapped = System.nanoTime();
      ExitEvent event = Events.exit();
      boolean posted = trap == Trap.Posted.POSTED;
      Task now = posted ? server.closePosted(task) : server.close(task);
      boolean goesOn = false;
      if (now != null) {
        task = now;
        running = task;
        task.stops(trapped);
        goesOn = goesOnAfter(trap, task, trapped);
      }
      if (event != null) {
        event.done(cpu.index(), trap.getClass().getSimpleName(), task.processId());
      }
      if (!goesOn) {
        return;
      }
      mark = System.nanoTime();
      task.addSystemNanos(mark - trapped);
      if (trap == Trap.Syscall.SYSCALL) {
        server.noteService(mark - trapped);
      }
    }
  }

  /** Serves a trap; false if the task is this vCPU's no longer. */
  @SuppressWarnings("IfChainToSwitch") // for which the JVM makes a class, in every start
  private boolean goesOnAfter(Trap trap, Task task, long trapped) {
    if (trap != Trap.Syscall.SYSCALL && trap != Trap.Posted.POSTED) {
      leaveTrampoline(task, trap);
    }
    if (trap == Trap.Syscall.SYSCALL) {
      return serve(task, false, trapped);
    } else if (trap == Trap.Posted.POSTED) {
      return server.settle(task, cpu) ? goOn(task) : serve(task, true, trapped);
    } else if (trap instanceof Trap.PageFault fault) {
      return fault(task, fault);
    } else if (trap instanceof Trap.Fault fault) {
      ExceptionSignals.exception(task, fault, cpu);
      return true;
    } else if (trap instanceof Trap.Unrunnable broken) {
      return unrunnable(task, broken);
    } else if (trap == Trap.Interrupted.INTERRUPTED) {
      return !giveWay(task, false);
    }
    throw new IllegalStateException("an unknown trap: " + trap);
  }

  /** Nobody is to see a program in what has been put into its code. */
  private static void leaveTrampoline(Task task, Trap trap) {
    long rip = task.register(RIP);
    boolean traced = trap instanceof Trap.Fault fault && fault.vector() == ExceptionSignals.DEBUG;
    long instead = task.space().callSites().withoutJumps(rip, traced);
    if (instead != rip) {
      task.setRegister(RIP, instead);
    }
  }

  private void attach(Task task) {
    ContextSwitchEvent event = Events.contextSwitch();
    task.attach(cpu);
    boolean other = isOtherSpace(task.space());
    server.attach(other);
    if (event != null) {
      event.done(cpu.index(), task.processId(), task.threadId(), other);
    }
  }

  private void hold(Task task, Hold hold) {
    task.detach();
    if (!hold.park(task)) {
      kernel.scheduler().enqueue(task);
    }
  }

  private void end(Task task) {
    dispatcher.ended(task);
    task.process().taskEnded(task);
  }

  @SuppressWarnings("ReferenceEquality") // is it the very same address space?
  private boolean isOtherSpace(AddressSpace space) {
    boolean other = lastSpace != space;
    lastSpace = space;
    return other;
  }

  /** Serves a system call; false if the task has to wait and is this vCPU's no longer. */
  private boolean serve(Task task, boolean posted, long trapped) {
    return server.serveExit(task, posted, trapped) && goOn(task);
  }

  private boolean goOn(Task task) {
    return !task.takeYieldRequest() || !giveWay(task, true);
  }

  /** Lets another task run if one waits; true if it does. */
  private boolean giveWay(Task task, boolean yields) {
    Scheduler<Task> scheduler = kernel.scheduler();
    if (scheduler.shouldGiveWay(task, cpu.index())) {
      task.detach();
      scheduler.putBack(task, yields);
      return true;
    }
    return false;
  }

  private boolean fault(Task task, Trap.PageFault fault) {
    task.countMinorFault();
    PageFaultEvent event = Events.pageFault();
    FaultOutcome outcome = task.space().fault(fault.address(), fault.write(), fault.fetch());
    if (event != null) {
      event.done(task.processId(), fault.address(), fault.write(), outcome.name());
    }
    switch (outcome) {
      case HANDLED -> {}
      case SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR -> ExceptionSignals.pageFault(task, fault, outcome);
      case OUT_OF_MEMORY -> {
        // Somebody is being killed for it (task.OutOfMemory), maybe this one. Else it tries again.
        return task.mustEnd() || !giveWay(task, true);
      }
    }
    return true;
  }

  private boolean unrunnable(Task task, Trap.Unrunnable broken) {
    kernel.log().once("process %d: %s".formatted(task.processId(), broken.reason()));
    task.process().kill(Signals.SIGKILL);
    return true;
  }
}
