package org.biscotti.kvm.x86;

/**
 * Constants of the x86-64 architecture that the machine sets up: Intel SDM vol. 3, chapters 2
 * (control registers), 4 (paging), 5 (protection), 6 (exceptions), 8 (tasks).
 */
public final class X86 {
  // Page-table entry bits (SDM vol. 3, 4.5).
  public static final long PTE_PRESENT = 1;
  public static final long PTE_WRITABLE = 1 << 1;
  public static final long PTE_USER = 1 << 2;
  public static final long PTE_ACCESSED = 1 << 5;
  public static final long PTE_DIRTY = 1 << 6;
  public static final long PTE_NO_EXECUTE = 1L << 63;

  /** Page-level write-through in CR3: of no effect here, so flipping it makes a new CR3 value. */
  public static final long CR3_PWT = 1 << 3;

  /** The address of the root in CR3. */
  public static final long CR3_ADDRESS = 0x000f_ffff_ffff_f000L;

  // Selectors: the ones Linux itself uses, so that programs that look see nothing new.
  public static final int KERNEL_CS = 0x10;
  public static final int KERNEL_SS = 0x18;
  public static final int USER_SS = 0x2b;
  public static final int USER_CS = 0x33;
  public static final int TSS_SELECTOR = 0x40;

  /** PG, AM, WP, NE, ET, MP, PE. */
  public static final long CR0 = 0x8005_0033L;

  public static final long CR4_PAE = 1 << 5;
  public static final long CR4_OSFXSR = 1 << 9;
  public static final long CR4_OSXMMEXCPT = 1 << 10;
  public static final long CR4_UMIP = 1 << 11;
  public static final long CR4_FSGSBASE = 1 << 16;
  public static final long CR4_OSXSAVE = 1 << 18;
  public static final long CR4_SMEP = 1 << 20;
  public static final long CR4_SMAP = 1 << 21;

  /** Long mode active and enabled, no-execute, SYSCALL. */
  public static final long EFER = 0xd01;

  public static final int MSR_TSC = 0x10;
  public static final int MSR_SYSENTER_CS = 0x174;
  public static final int MSR_STAR = 0xc000_0081;
  public static final int MSR_LSTAR = 0xc000_0082;
  public static final int MSR_CSTAR = 0xc000_0083;
  public static final int MSR_SFMASK = 0xc000_0084;

  public static final long RFLAGS_TF = 1 << 8;
  public static final long RFLAGS_RF = 1 << 16;

  /** What SYSCALL clears: TF, IF, DF, IOPL, NT, AC, as Linux has it. */
  public static final long SFMASK = 0x4_7700L;

  public static final int VECTOR_DEBUG = 1;
  public static final int VECTOR_NMI = 2;
  public static final int VECTOR_BREAKPOINT = 3;
  public static final int VECTOR_OVERFLOW = 4;
  public static final int VECTOR_DOUBLE_FAULT = 8;
  public static final int VECTOR_GENERAL_PROTECTION = 13;
  public static final int VECTOR_PAGE_FAULT = 14;

  /** Vectors that the processor itself raises. */
  public static final int VECTORS = 32;

  /** Page-fault error code (SDM vol. 3, 4.7). */
  public static final long FAULT_PRESENT = 1;

  public static final long FAULT_WRITE = 1 << 1;
  public static final long FAULT_FETCH = 1 << 4;

  private static final int VECTORS_WITH_ERROR_CODE =
      1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29
          | 1 << 30;

  private X86() {}

  /** True if an exception pushes an error code (SDM vol. 3, table 6-1). */
  public static boolean hasErrorCode(int vector) {
    return (VECTORS_WITH_ERROR_CODE & (1 << vector)) != 0;
  }

  /** True if an address is canonical for four-level paging. */
  public static boolean canonical(long address) {
    return (address << 16) >> 16 == address;
  }
}
