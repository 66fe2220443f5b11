package org.biscotti.kvm;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.biscotti.devices.HostClock;
import org.biscotti.kernel.Kernel;
import org.biscotti.kvm.x86.KernelPages;
import org.jspecify.annotations.Nullable;

/**
 * A running machine: KVM's virtual machine, its memory, a thread for each vCPU, and the kernel.
 *
 * <p>The vCPUs come up on their own threads, the first one probing what kind of host this is, while
 * the caller's thread boots the kernel.
 */
public final class Machine implements AutoCloseable {
  /** Guest-physical address 0 stays unused, so that 0 can mean "no frame". */
  private static final long FIRST_FRAME = 4096;

  private static final long PAGE = 4096;

  /** Two vCPUs' time-stamp counters differ by more than the measurement's error plus this: apart. */
  private static final long TSC_TOLERANCE_NANOS = 1_000;

  private final Kvm kvm;
  private final Vm vm;
  private final GuestRam ram;
  private final KernelPages pages;
  private final Kernel kernel;
  private final int[] hostCpus;
  private final List<Thread> threads = new ArrayList<>();
  private final KvmCpu[] cpus;
  private final CompletableFuture<HostKind> hostKind = new CompletableFuture<>();
  private final List<CompletableFuture<HostProbe.@Nullable TscSample>> samples = new ArrayList<>();
  private final long probeGpa;
  private long tscHertz;

  /**
   * What the probe has found out about the host.
   *
   * @param ring0Entry {@code syscall} enters ring 0, as on hardware
   * @param shadowPaging KVM keeps page tables of its own
   */
  public record HostKind(boolean ring0Entry, boolean shadowPaging) {}

  /**
   * Makes a machine and boots its kernel.
   *
   * @throws KvmException if the host cannot give us one; the message says why and what to do
   */
  public Machine(MachineOptions options) {
    int count = options.cpus();
    hostCpus = HostCpus.allowed();
    kvm = Kvm.open();
    Vm createdVm = null;
    GuestRam createdRam = null;
    try {
      if (count > kvm.maxVcpus()) {
        throw new KvmException("this host's KVM allows at most %d vCPUs".formatted(kvm.maxVcpus()));
      }
      createdVm = kvm.createVm();
      createdRam = new GuestRam(createdVm, options.memoryBytes());
      long fixed = KernelPages.bytes(count) + HostProbe.FRAMES * PAGE;
      if (!createdRam.commit(FIRST_FRAME, fixed)) {
        throw new KvmException("the host has too little memory left: free some and try again");
      }
    } catch (KvmException e) {
      closeQuietly(createdRam, createdVm, kvm);
      throw e;
    }
    vm = createdVm;
    ram = createdRam;
    pages = new KernelPages(ram.memory(), FIRST_FRAME, count);
    probeGpa = FIRST_FRAME + KernelPages.bytes(count);
    cpus = new KvmCpu[count];
    long[] kernelEntries = new long[count];
    for (int i = 0; i < count; i++) {
      kernelEntries[i] = pages.pml4Entry(i);
      samples.add(new CompletableFuture<>());
    }
    startThreads(count);
    kernel =
        new Kernel(
            new Kernel.Hardware(
                ram.memory(),
                probeGpa + HostProbe.FRAMES * PAGE,
                kernelEntries,
                pages.vvarPage(),
                new HostClock()),
            options.memoryPolicy(),
            options.observer());
    kernelReady.complete(kernel);
    awaitThreads();
  }

  private final CompletableFuture<Kernel> kernelReady = new CompletableFuture<>();

  private static void closeQuietly(@Nullable GuestRam ram, @Nullable Vm vm, Kvm kvm) {
    if (ram != null) {
      ram.close();
    }
    if (vm != null) {
      vm.close();
    }
    kvm.close();
  }

  public Kernel kernel() {
    return kernel;
  }

  /** What kind of host this is. */
  public HostKind hostKind() {
    return hostKind.join();
  }

  private void startThreads(int count) {
    for (int i = 0; i < count; i++) {
      int index = i;
      Thread thread =
          Thread.ofPlatform().daemon().name("vcpu-" + i).unstarted(() -> runVcpu(index));
      threads.add(thread);
      thread.start();
    }
  }

  private void runVcpu(int index) {
    try {
      HostCpus.pinTo(hostCpus[index % hostCpus.length]);
      KvmCpu cpu = new KvmCpu(vm.createVcpu(index), ram.memory(), pages);
      cpu.adopt();
      cpus[index] = cpu;
      HostProbe probe = probe(index, cpu);
      samples.get(index).complete(probe.sampleTsc(cpu));
      kernelReady.join().runVcpu(cpu);
    } catch (KvmException | CompletionException e) {
      hostKind.completeExceptionally(e);
      samples.get(index).completeExceptionally(e);
    }
  }

  /** The first vCPU finds out what kind of host this is, the others are told. */
  private HostProbe probe(int index, KvmCpu cpu) {
    HostProbe probe = new HostProbe(ram.memory(), probeGpa, pages.pml4Entry(index));
    if (index == 0) {
      boolean ring0 = probe.entersRing0(cpu, pages);
      hostKind.complete(new HostKind(ring0, probe.shadowPaging(cpu)));
    } else {
      cpu.setEntryRing(hostKind.join().ring0Entry());
    }
    return probe;
  }

  @Override
  public void close() {
    kernel.close();
    for (Thread thread : threads) {
      joinUninterruptibly(thread);
    }
    for (KvmCpu cpu : cpus) {
      cpu.close();
    }
    ram.close();
    vm.close();
    kvm.close();
  }
}
