package org.biscotti.kernel.port;

/**
 * Where things are in the kernel's part of every address space: slot 255 of the PML4, the same
 * linear addresses in every process. User programs own what lies below.
 *
 * <p>Pages are supervisor-only unless said otherwise. The ones marked "per vCPU" are different
 * memory for each vCPU at the same address.
 */
public final class KernelArea {
  /** Index of the PML4 entry. */
  public static final int PML4_SLOT = 255;

  /** First linear address, and the first one that no program can own. */
  public static final long START = 0x7f80_0000_0000L;

  /** First linear address after it; the start of the non-canonical hole. */
  public static final long END = 0x8000_0000_0000L;

  /** Global descriptor table. */
  public static final long GDT = START;

  /** Interrupt descriptor table. */
  public static final long IDT = START + 0x1000;

  /** Task-state segment with the I/O permission bitmap; per vCPU. */
  public static final long TSS = START + 0x2000;

  /** Exception stubs. */
  public static final long STUBS = START + 0x3000;

  /** Exception stack, grows down to here from {@link #STACK_TOP}; per vCPU. */
  public static final long STACK = START + 0x4000;

  public static final long STACK_TOP = STACK + 0x1000;

  /** Stack of the double-fault exception alone; per vCPU. */
  public static final long DOUBLE_FAULT_STACK = START + 0x5000;

  public static final long DOUBLE_FAULT_STACK_TOP = DOUBLE_FAULT_STACK + 0x1000;

  /** System-call entry page: user-executable where {@code syscall} stays in ring 3. */
  public static final long ENTRY = START + 0x6000;

  /**
   * Where a program whose {@code syscall} has been replaced by a jump enters the entry page, with
   * the return address in RCX; only where {@code syscall} stays in ring 3.
   */
  public static final long ENTRY_JUMP = ENTRY + 0x800;

  /** Words about the vCPU that the program may read; per vCPU. */
  public static final long VCPU_PAGE = START + 0x7000;

  /** Clock parameters for the vDSO, readable by programs. */
  public static final long VVAR_PAGE = START + 0x8000;

  /**
   * Where system calls are posted ({@link RingPages}), two pages; per vCPU. Programs can write them
   * where {@code syscall} stays in ring 3, and not at all elsewhere.
   */
  public static final long RING_REQUEST = START + 0x9000;

  /**
   * Where posted system calls are answered, two pages; per vCPU. Programs can at most read them.
   */
  public static final long RING_REPLY = START + 0xb000;

  /** Offset in {@link #VCPU_PAGE} of the vCPU's number, four bytes. */
  public static final int VCPU_PAGE_CPU = 0;

  /** Offset in {@link #VCPU_PAGE} of the vCPU's NUMA node, four bytes. */
  public static final int VCPU_PAGE_NODE = 4;

  private KernelArea() {}

  /** True if an address lies in the kernel's part. */
  public static boolean contains(long gva) {
    return Long.compareUnsigned(gva - START, END - START) < 0;
  }
}
