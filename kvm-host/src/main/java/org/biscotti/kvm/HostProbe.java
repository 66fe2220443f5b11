package org.biscotti.kvm;

import static org.biscotti.kvm.x86.X86.*;

import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.KernelArea;
import org.biscotti.kernel.port.Trap;
import org.biscotti.kvm.x86.KernelPages;

/**
 * Finds out, by behaviour, what kind of KVM this is, with a few instructions in ring 3.
 *
 * <ul>
 *   <li>Does {@code syscall} enter ring 0, or stay in ring 3? The entry page is supervisor-only at
 *       first: in ring 3 its fetch faults.
 *   <li>Does KVM see a page-table entry that we make read-only, after CR3 is loaded? Under nested
 *       paging yes, under shadow paging no.
 *   <li>What does the program's {@code rdtsc} read?
 * </ul>
 */
final class HostProbe {
  /** What a probe needs for each vCPU: a PML4, PDPT, PD, PT, a code page and a data page. */
  static final long BYTES = 6L * GuestMemory.PAGE_SIZE;

  private static final long CODE = 0x1_0000;
  private static final long DATA = 0x1_1000;
  private static final int INVALID_OPCODE = 6;
  private static final int TSC_SAMPLES = 3;

  private final GuestMemory memory;
  private final long root;
  private final long pageTable;
  private final long code;
  private final long data;

  /**
   * Prepares the probe's address space.
   *
   * @param firstGpa where its {@link #BYTES} are; committed and zero
   * @param pml4Entry the kernel's entry for the vCPU that will run it
   */
  HostProbe(GuestMemory memory, long firstGpa, long pml4Entry) {
    this.memory = memory;
    root = firstGpa;
    long pdpt = root + GuestMemory.PAGE_SIZE;
    long pd = pdpt + GuestMemory.PAGE_SIZE;
    pageTable = pd + GuestMemory.PAGE_SIZE;
    code = pageTable + GuestMemory.PAGE_SIZE;
    data = code + GuestMemory.PAGE_SIZE;
    long table = PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED;
    memory.setLong(root, pdpt | table);
    memory.setLong(root + 8L * KernelArea.PML4_SLOT, pml4Entry);
    memory.setLong(pdpt, pd | table);
    memory.setLong(pd, pageTable | table);
    long user = PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY;
    memory.setLong(pageTable + 8 * (CODE >> 12), code | user);
    memory.setLong(pageTable + 8 * (DATA >> 12), data | user | PTE_WRITABLE);
  }

  /** A root that maps nothing of a program, for a vCPU without one. */
  long root() {
    return root;
  }

  /**
   * True if {@code syscall} enters ring 0; else the entry page is opened to ring 3 and tried.
   *
   * @throws KvmException if neither works
   */
  boolean entersRing0(KvmCpu cpu, KernelPages pages) {
    Trap trap = run(cpu, 0x0f, 0x05); // syscall
    if (trap == Trap.Syscall.SYSCALL) {
      return true;
    }
    if (trap instanceof Trap.PageFault fault && fault.address() == KernelArea.ENTRY) {
      pages.openEntryToRing3();
      cpu.setEntryRing(false);
      trap = run(cpu, 0x0f, 0x05);
      if (trap == Trap.Syscall.SYSCALL) {
        return false;
      }
    }
    throw new KvmException("this KVM does not run the SYSCALL instruction as expected: " + trap);
  }

  /** True if a page-table entry that we downgrade stays in force: KVM keeps tables of its own. */
  boolean shadowPaging(KvmCpu cpu) {
    // mov byte [rip + distance], 1; ud2: the distance is from the end of the seven bytes of mov.
    int distance = (int) (DATA - CODE) - 7;
    int[] write = {0xc6, 0x05, distance & 0xff, distance >> 8, 0, 0, 1, 0x0f, 0x0b};
    expectEnd(run(cpu, write));
    long pte = pageTable + 8 * (DATA >> 12);
    long writable = memory.getLong(pte);
    memory.setLongRelease(pte, writable & ~PTE_WRITABLE);
    Trap trap = run(cpu, write);
    memory.setLongRelease(pte, writable);
    if (trap instanceof Trap.PageFault fault && fault.address() == DATA) {
      return false;
    }
    expectEnd(trap);
    return true;
  }

  /**
   * Reads the time-stamp counter in ring 3 between two looks at the clock, the closest of several.
   *
   * @return the counter, and the nanoseconds (System.nanoTime) at which it was not yet reached and
   *     at which it had passed
   */
  TscSample sampleTsc(KvmCpu cpu) {
    TscSample best = new TscSample(0, 0, Long.MAX_VALUE);
    for (int i = 0; i < TSC_SAMPLES; i++) {
      load(cpu, 0x0f, 0x31, 0x0f, 0x0b); // rdtsc; ud2
      long before = System.nanoTime();
      Trap trap = cpu.run();
      long after = System.nanoTime();
      expectEnd(trap);
      long tsc = cpu.register(CpuContext.RDX) << 32 | cpu.register(CpuContext.RAX);
      if (after - before < best.windowNanos()) {
        best = new TscSample(tsc, before, after);
      }
    }
    return best;
  }

  /** A counter value and the two times between which it was read, in nanoseconds. */
  record TscSample(long tsc, long beforeNanos, long afterNanos) {
    long windowNanos() {
      return afterNanos - beforeNanos;
    }

    double middleNanos() {
      return beforeNanos + windowNanos() / 2.0;
    }
  }

  private static void expectEnd(Trap trap) {
    if (!(trap instanceof Trap.Fault fault && fault.vector() == INVALID_OPCODE)) {
      throw new KvmException("this KVM does not deliver exceptions as expected: " + trap);
    }
  }

  private Trap run(KvmCpu cpu, int... bytes) {
    load(cpu, bytes);
    return cpu.run();
  }

  private void load(KvmCpu cpu, int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      memory.setByte(code + i, (byte) bytes[i]);
    }
    CpuContext context = new CpuContext();
    context.registers[CpuContext.RIP] = CODE;
    cpu.load(context, root);
  }
}
