package org.biscotti.kernel.serve;

import java.util.Arrays;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntToLongFunction;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.task.KernelState;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.HelpedScheduler;
import org.jspecify.annotations.Nullable;

/** What all servers share: the rings, the policy, and how many of them serve just now. */
public final class Serving {
  /** Length of the {@code syscall} instruction. */
  private static final int SYSCALL_BYTES = 2;

  private final KernelState kernel;
  private final Dispatcher dispatcher;
  private final Exitless exitless;
  private final SyscallRing[] rings;
  private final CallThreads threads;

  /** Servers help it: what threads of calls have left to do is for whoever serves. */
  private final HelpedScheduler scheduler;

  /** vCPU threads that look at the rings. */
  private final AtomicInteger servers = new AtomicInteger();

  private volatile SyscallPolicy policy;

  /** Whether busy calls become jumps; set before any program runs. */
  private volatile boolean jumps;

  /** Calls that wait for any server, of the policy that queues them. */
  private final Queue<Call> queued = new ConcurrentLinkedQueue<>();

  /**
   * Makes the rings of all vCPUs.
   *
   * @param requests guest-physical address of each vCPU's request page
   * @param replies of its reply page
   * @param elsewhere runs continuations that no vCPU's thread is free for
   */
  public Serving(
      KernelState kernel,
      Dispatcher dispatcher,
      Policies policy,
      Exitless exitless,
      IntToLongFunction requests,
      IntToLongFunction replies,
      Executor elsewhere) {
    this.kernel = kernel;
    scheduler = new HelpedScheduler(elsewhere);
    threads = new CallThreads(scheduler);
    this.dispatcher = dispatcher;
    this.policy = policy.make();
    this.exitless = exitless;
    rings = new SyscallRing[kernel.cpus()];
    GuestMemory memory = kernel.memory();
    Arrays.setAll(
        rings, i -> new SyscallRing(memory, requests.applyAsLong(i), replies.applyAsLong(i)));
  }

  KernelState kernel() {
    return kernel;
  }

  Dispatcher dispatcher() {
    return dispatcher;
  }

  SyscallPolicy policy() {
    return policy;
  }

  /** Calls that are taken from now on are served by another policy. */
  public void use(Policies other) {
    policy = other.make();
  }

  Exitless exitless() {
    return exitless;
  }

  SyscallRing ring(int vcpu) {
    return rings[vcpu];
  }

  SyscallRing[] rings() {
    return rings;
  }

  CallThreads threads() {
    return threads;
  }

  /** Runs a continuation of a call's thread if one waits for a vCPU's thread. */
  boolean runContinuation() {
    return scheduler.runOne();
  }

  /** A vCPU's thread runs what its own program's calls make ready. */
  void pledge() {
    scheduler.pledge();
  }

  /** That thread is about to run a program, or to wait. */
  boolean settle() {
    return scheduler.settle();
  }

  /** Busy system call instructions are to be replaced by jumps from now on. */
  public void useJumps() {
    jumps = true;
  }

  boolean usesJumps() {
    return jumps;
  }

  void enqueue(Call call) {
    queued.add(call);
  }

  @Nullable Call nextQueued() {
    return queued.poll();
  }

  /** True while some vCPU's thread looks at the rings. */
  boolean isActive() {
    return servers.get() > 0;
  }

  /** Calls that were answered without an exit so far. */
  public long ringCalls() {
    long sum = 0;
    for (SyscallRing ring : rings) {
      sum += ring.answeredCount();
    }
    return sum;
  }

  /** A server starts to look at the rings. */
  void begin() {
    servers.incrementAndGet();
    scheduler.begin();
    for (SyscallRing ring : rings) {
      ring.setServed(true);
    }
  }

  /** A server stops. */
  void end() {
    servers.decrementAndGet();
    scheduler.end();
    for (SyscallRing ring : rings) {
      announce(ring);
    }
  }

  /** Tells a ring's program whether it is served; what it reads is right in the end. */
  void announce(SyscallRing ring) {
    boolean served;
    do {
      served = isActive();
      ring.setServed(served);
    } while (served != isActive());
  }

  /** Puts the task of a call that has been moved off its vCPU back into the run queue. */
  void resume(Task task, long result) {
    task.context().registers[CpuContext.RAX] = result;
    makeRunnable(task);
  }

  /** The same for a call that has to do with all registers. */
  void resume(Task task, PostedRegisters registers) {
    registers.copyTo(task.context());
    makeRunnable(task);
  }

  /** The same for a call that has not begun: the program will make it again. */
  void restart(Task task, long number) {
    long[] registers = task.context().registers;
    registers[CpuContext.RAX] = number;
    registers[CpuContext.RIP] -= SYSCALL_BYTES;
    makeRunnable(task);
  }

  private void makeRunnable(Task task) {
    if (task.mustEnd()) {
      dispatcher.ended(task);
      task.process().taskEnded(task);
    } else {
      kernel.scheduler().enqueue(task);
    }
  }

  @Override
  public String toString() {
    String name = policy.getClass().getSimpleName();
    return name.replace("Policy", "").toLowerCase(Locale.ROOT) + ", " + exitless;
  }
}
