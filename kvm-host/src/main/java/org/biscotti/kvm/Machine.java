package org.biscotti.kvm;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.biscotti.devices.HostClock;
import org.biscotti.kernel.Kernel;
import org.biscotti.kernel.abi.Auxv;
import org.biscotti.kernel.exec.MachineFeatures;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.task.SignalFrame;
import org.biscotti.kvm.x86.KernelPages;

/**
 * A running machine: KVM's virtual machine, its memory, a thread for each vCPU, and the kernel.
 *
 * <p>Each vCPU comes up on its own thread, the first one probing what kind of host this is, while
 * the caller's thread boots the kernel.
 */
public final class Machine implements AutoCloseable {
  private static final long PAGE = GuestMemory.PAGE_SIZE;

  /** Guest-physical address 0 stays unused, so that 0 can mean "no frame". */
  private static final long FIRST_FRAME = PAGE;

  private static final long STOP_MILLIS = TimeUnit.SECONDS.toMillis(10);

  /** What is to be closed, in the reverse order of its making. */
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private final Kvm kvm;
  private final Vm vm;
  private final GuestRam ram;
  private final KernelPages pages;
  private final long probeGpa;
  private final Kernel kernel;
  private final HostKind hostKind;
  private final List<KvmCpu> cpus;
  private final List<Thread> threads = new ArrayList<>();
  private final CompletableFuture<Boolean> ring0Entry = new CompletableFuture<>();
  private final CompletableFuture<Boolean> shadowPaging = new CompletableFuture<>();
  private final CompletableFuture<Kernel> booted = new CompletableFuture<>();

  /**
   * What the probe has found out about the host.
   *
   * @param ring0Entry {@code syscall} enters ring 0, as on hardware
   * @param shadowPaging KVM keeps page tables of its own
   * @param tscReliable all vCPUs' time-stamp counters agree, so that programs can tell time by them
   */
  public record HostKind(boolean ring0Entry, boolean shadowPaging, boolean tscReliable) {}

  /** Exits of all vCPUs by reason; posted calls left the guest before they were answered. */
  public record ExitTotals(
      long systemCalls, long postedCalls, long pageFaults, long faults, long kicks, long others) {}

  /** A vCPU that has come up, and what its time-stamp counter said of the host's clock. */
  private record Started(KvmCpu cpu, TscCheck.Offset offset) {}

  /**
   * Makes a machine, boots its kernel and starts its vCPUs.
   *
   * @throws KvmException if the host cannot give us one; the message says why and what to do
   */
  public Machine(MachineOptions options) {
    int count = options.cpus();
    boolean complete = false;
    try {
      kvm = part(Kvm.open());
      if (count > kvm.maxVcpus()) {
        throw new KvmException("this host's KVM allows at most %d vCPUs".formatted(kvm.maxVcpus()));
      }
      vm = part(kvm.createVm());
      ram = part(new GuestRam(vm, options.memoryBytes()));
      long fixed = KernelPages.bytes(count) + count * HostProbe.BYTES;
      if (!ram.commit(FIRST_FRAME, fixed)) {
        throw new KvmException("the host has too little memory left: free some and try again");
      }
      pages = new KernelPages(ram.memory(), FIRST_FRAME, count);
      probeGpa = FIRST_FRAME + KernelPages.bytes(count);
      List<CompletableFuture<Started>> starting = startThreads(count);
      kernel = part(bootKernel(options, probeGpa + count * HostProbe.BYTES));
      List<Started> started = starting.stream().map(CompletableFuture::join).toList();
      cpus = started.stream().map(Started::cpu).toList();
      boolean tsc = TscCheck.agree(started.stream().map(Started::offset).toList());
      hostKind = new HostKind(ring0Entry.join(), shadowPaging.join(), tsc);
      complete = true;
    } catch (CompletionException e) {
      throw e.getCause() instanceof KvmException known ? known : e;
    } finally {
      if (!complete) {
        booted.cancel(false);
        close();
      }
    }
    if (hostKind.tscReliable()) {
      cpus.forEach(cpu -> cpu.setTimestampFrequency(cpu.vcpu().tscKilohertz() * 1000));
    }
    if (!hostKind.ring0Entry()) {
      kernel.offerJumps();
    }
    ram.setTranslation(hostKind.shadowPaging(), cpus);
    booted.complete(kernel);
  }

  private <T extends AutoCloseable> T part(T part) {
    parts.push(part);
    return part;
  }

  private Kernel bootKernel(MachineOptions options, long firstFree) {
    int[] cores = HostCpus.allowed();
    return new Kernel(
        new Kernel.Hardware(
            ram.memory(),
            firstFree,
            options.cpus(),
            pages::pml4Entry,
            pages::ringRequest,
            pages::ringReply,
            pages.vvarPage(),
            new HostClock(),
            new MachineFeatures(
                kvm.featureBits(),
                Auxv.HWCAP2_FSGSBASE,
                SignalFrame.maximumBytes(kvm.vectorBytes())),
            HostCpus::description,
            () -> HostCpus.pinTo(cores)),
        options.kernel());
  }

  public Kernel kernel() {
    return kernel;
  }

  /** What kind of host this is. */
  public HostKind hostKind() {
    return hostKind;
  }

  /** Makes a vCPU come out of the guest, wherever its program is; harmless at any time. */
  void kick(int vcpu) {
    cpus.get(vcpu).kick();
  }

  /** Exits so far; slightly old values while programs run. */
  public ExitTotals exits() {
    long calls = 0;
    long posted = 0;
    long pageFaults = 0;
    long faults = 0;
    long kicks = 0;
    long others = 0;
    for (KvmCpu cpu : cpus) {
      ExitCounts counts = cpu.counts();
      calls += counts.systemCalls;
      posted += counts.postedCalls;
      pageFaults += counts.pageFaults;
      faults += counts.faults;
      kicks += counts.kicks;
      others += counts.others;
    }
    return new ExitTotals(calls, posted, pageFaults, faults, kicks, others);
  }

  private List<CompletableFuture<Started>> startThreads(int count) {
    int[] cores = HostCpus.allowed();
    List<CompletableFuture<Started>> starting = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int index = i;
      CompletableFuture<Started> started = new CompletableFuture<>();
      starting.add(started);
      Thread thread =
          Thread.ofPlatform()
              .daemon()
              .name("vcpu-" + i)
              .unstarted(() -> runVcpu(index, cores[index % cores.length], started));
      threads.add(thread);
      thread.start();
    }
    return starting;
  }

  private void runVcpu(int index, int core, CompletableFuture<Started> started) {
    HostCpus.pinTo(core);
    KvmCpu cpu;
    try {
      cpu = new KvmCpu(vm.createVcpu(index), ram.memory(), pages);
    } catch (RuntimeException e) {
      ring0Entry.completeExceptionally(e);
      started.completeExceptionally(e);
      return;
    }
    try {
      cpu.adopt();
      long probeFrames = probeGpa + index * HostProbe.BYTES;
      HostProbe probe = new HostProbe(ram.memory(), probeFrames, pages.pml4Entry(index));
      if (index == 0) {
        ring0Entry.complete(probe.entersRing0(cpu, pages));
        shadowPaging.complete(probe.shadowPaging(cpu));
      }
      cpu.setEntryRing(ring0Entry.join());
      shadowPaging.join();
      TscCheck.Offset offset = TscCheck.offset(cpu, probe);
      cpu.findTimestampOffset();
      started.complete(new Started(cpu, offset));
      booted.join().runVcpu(cpu);
    } catch (RuntimeException e) {
      ring0Entry.completeExceptionally(e);
      shadowPaging.completeExceptionally(e);
      started.completeExceptionally(e);
    } finally {
      cpu.close();
    }
  }

  /** Ends every program, the vCPUs, and the machine. */
  @Override
  public void close() {
    // The kernel first: its programs end and the vCPU threads come out of their loops.
    while (!parts.isEmpty() && parts.peek() instanceof Kernel booting) {
      parts.pop();
      booting.close();
    }
    boolean stopped = true;
    for (Thread thread : threads) {
      stopped &= join(thread);
    }
    if (!stopped) {
      throw new IllegalStateException("a vCPU does not stop");
    }
    while (!parts.isEmpty()) {
      close(parts.pop());
    }
  }

  private static void close(AutoCloseable part) {
    try {
      part.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean join(Thread thread) {
    try {
      thread.join(STOP_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }
}
