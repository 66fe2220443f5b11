package org.biscotti.kvm.x86;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;
import static org.biscotti.kernel.port.KernelArea.*;
import static org.biscotti.kvm.x86.X86.*;

import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.KernelArea;
import org.biscotti.kernel.port.RingPages;

/**
 * Builds the kernel's part of every address space, PML4 slot 255: descriptor tables, exception
 * stubs and stacks, the entry page, and the pages that programs may read.
 *
 * <p>Programs leave the guest through two kinds of code here. An exception goes through the IDT to
 * the stub of its vector, which does {@code out vector, al}. A system call goes to the entry page,
 * {@link EntryCode}, which does {@code out SYSCALL_PORT, al} unless somebody answers the call in
 * the vCPU's ring. Neither uses the program's stack.
 */
public final class KernelPages {
  /** The port whose {@code out} in the entry page is a system call. */
  public static final int SYSCALL_PORT = 0xe0;

  /** Bytes of code for each vector. */
  public static final int STUB_BYTES = 4;

  /** Size of the GDT less one: null, null, kernel CS and SS, null, user SS and CS, null, TSS. */
  public static final int GDT_LIMIT = 10 * 8 - 1;

  public static final int IDT_LIMIT = VECTORS * 16 - 1;

  private static final int TSS_BITMAP = 104;
  private static final int TSS_BITMAP_BYTES = SYSCALL_PORT / 8 + 1;

  /** Size of the TSS less one: the bitmap ends in a byte of ones (SDM vol. 1, 19.5.2). */
  public static final int TSS_LIMIT = TSS_BITMAP + TSS_BITMAP_BYTES;

  /** Pages of requests, and as many of replies. */
  private static final int RING_PAGES = RingPages.BYTES / PAGE_SIZE;

  private static final int FILL = 0xf4;

  private final GuestMemory memory;
  private final long[] pageTables;
  private final long[] entries;
  private final long[] stacks;
  private final long[] taskStates;
  private final long[] vcpuPages;
  private final long[] ringRequests;
  private final long[] ringReplies;
  private final long vvar;
  private final long entry;
  private volatile EntryCode entryCode = EntryCode.of(true);
  private long next;

  /**
   * Builds the pages.
   *
   * @param memory guest memory, all zeroes from {@code firstGpa}
   * @param firstGpa where to put the pages; committed memory
   * @param vcpus how many vCPUs to build for
   */
  public KernelPages(GuestMemory memory, long firstGpa, int vcpus) {
    this.memory = memory;
    next = firstGpa;
    pageTables = new long[vcpus];
    entries = new long[vcpus];
    stacks = new long[vcpus];
    taskStates = new long[vcpus];
    vcpuPages = new long[vcpus];
    ringRequests = new long[vcpus];
    ringReplies = new long[vcpus];
    long gdt = frame();
    long idt = frame();
    long stubs = frame();
    entry = frame();
    vvar = frame();
    writeGdt(gdt);
    writeIdt(idt);
    writeStubs(stubs);
    write(entryCode);
    for (int i = 0; i < vcpus; i++) {
      buildFor(i, gdt, idt, stubs);
    }
  }

  /** How many bytes of memory the pages of a machine take. */
  public static long bytes(int vcpus) {
    return PAGE_SIZE * (5 + 11L * vcpus);
  }

  /** The PML4 entry for slot 255 of a vCPU's address spaces. */
  public long pml4Entry(int vcpu) {
    return entries[vcpu];
  }

  /** Guest-physical address of the page with the clock's parameters. */
  public long vvarPage() {
    return vvar;
  }

  /** Guest-physical address of the end of a vCPU's exception stack. */
  public long stackTop(int vcpu, boolean doubleFault) {
    return stacks[vcpu] + (doubleFault ? 2L : 1L) * PAGE_SIZE;
  }

  /** Guest-physical address of the pages where a vCPU posts system calls. */
  public long ringRequest(int vcpu) {
    return ringRequests[vcpu];
  }

  /** Guest-physical address of the pages where a vCPU's system calls are answered. */
  public long ringReply(int vcpu) {
    return ringReplies[vcpu];
  }

  /** The code that is in the entry page. */
  public EntryCode entryCode() {
    return entryCode;
  }

  /** Replaces the code of the entry page, while no vCPU is in it. */
  public void setEntryCode(EntryCode code) {
    write(code);
    entryCode = code;
  }

  /**
   * Makes the entry page fit for a host where {@code syscall} stays in ring 3: programs may execute
   * it, the I/O bitmap lets it leave the guest, and it reaches the ring.
   */
  public void openEntryToRing3() {
    setEntryCode(EntryCode.of(false));
    for (int i = 0; i < pageTables.length; i++) {
      permit(i, ENTRY, PTE_USER);
      for (long at = 0; at < RingPages.BYTES; at += PAGE_SIZE) {
        permit(i, RING_REQUEST + at, PTE_USER);
        permit(i, RING_REPLY + at, PTE_USER);
      }
      long bits = taskStates[i] + TSS_BITMAP + SYSCALL_PORT / 8;
      memory.setByte(bits, (byte) (memory.getByte(bits) & ~(1 << (SYSCALL_PORT % 8))));
    }
  }

  private void permit(int vcpu, long gva, long added) {
    long pte = pageTables[vcpu] + 8 * ((gva >> 12) & 511);
    memory.setLongRelease(pte, memory.getLong(pte) | added);
  }

  private long frame() {
    return frames(1);
  }

  private long frames(int count) {
    long first = next;
    next += (long) count * PAGE_SIZE;
    return first;
  }

  private void buildFor(int vcpu, long gdt, long idt, long stubs) {
    long tss = frame();
    long stack = frame();
    long doubleFaultStack = frame();
    long vcpuPage = frame();
    long request = frames(RING_PAGES);
    long reply = frames(RING_PAGES);
    long pdpt = frame();
    long pd = frame();
    long pt = frame();
    long table = PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED;
    memory.setLong(pdpt, pd | table);
    memory.setLong(pd, pt | table);
    map(pt, GDT, gdt, PTE_NO_EXECUTE);
    map(pt, IDT, idt, PTE_NO_EXECUTE);
    map(pt, TSS, tss, PTE_NO_EXECUTE);
    map(pt, STUBS, stubs, 0);
    map(pt, STACK, stack, PTE_WRITABLE | PTE_NO_EXECUTE);
    map(pt, DOUBLE_FAULT_STACK, doubleFaultStack, PTE_WRITABLE | PTE_NO_EXECUTE);
    map(pt, ENTRY, entry, 0);
    map(pt, VCPU_PAGE, vcpuPage, PTE_USER | PTE_NO_EXECUTE);
    map(pt, VVAR_PAGE, vvar, PTE_USER | PTE_NO_EXECUTE);
    for (long at = 0; at < RingPages.BYTES; at += PAGE_SIZE) {
      map(pt, RING_REQUEST + at, request + at, PTE_WRITABLE | PTE_NO_EXECUTE);
      map(pt, RING_REPLY + at, reply + at, PTE_NO_EXECUTE);
    }
    memory.setLong(reply + RingPages.REPLY_CS, USER_CS);
    memory.setLong(reply + RingPages.REPLY_SS, USER_SS);
    writeTss(tss);
    ringRequests[vcpu] = request;
    ringReplies[vcpu] = reply;
    memory.setInt(vcpuPage + KernelArea.VCPU_PAGE_CPU, vcpu);
    pageTables[vcpu] = pt;
    entries[vcpu] = pdpt | table;
    stacks[vcpu] = stack;
    taskStates[vcpu] = tss;
    vcpuPages[vcpu] = vcpuPage;
  }

  private void map(long pageTable, long gva, long frame, long permissions) {
    memory.setLong(
        pageTable + 8 * ((gva >> 12) & 511),
        frame | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | permissions);
  }

  /**
   * SDM vol. 3, 3.4.5. No 32-bit code segment: it would be a way into ring 0 past the entry page.
   */
  private void writeGdt(long gdt) {
    memory.setLong(gdt + KERNEL_CS, 0x00af_9b00_0000_ffffL);
    memory.setLong(gdt + KERNEL_SS, 0x00cf_9300_0000_ffffL);
    memory.setLong(gdt + (USER_SS & ~7), 0x00cf_f300_0000_ffffL);
    memory.setLong(gdt + (USER_CS & ~7), 0x00af_fb00_0000_ffffL);
    long base = TSS;
    memory.setLong(
        gdt + TSS_SELECTOR,
        TSS_LIMIT | (base & 0xff_ffff) << 16 | 0x8bL << 40 | ((base >> 24) & 0xff) << 56);
    memory.setLong(gdt + TSS_SELECTOR + 8, base >>> 32);
  }

  /** SDM vol. 3, 6.14.1. Programs may raise #BP and #OF themselves, nothing else. */
  private void writeIdt(long idt) {
    for (int vector = 0; vector < VECTORS; vector++) {
      long stub = STUBS + (long) vector * STUB_BYTES;
      long privilege = vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW ? 3 : 0;
      long stack = vector == VECTOR_DOUBLE_FAULT ? 2 : 1;
      long type = 0x8e | privilege << 5;
      memory.setLong(
          idt + 16L * vector,
          (stub & 0xffff)
              | (long) KERNEL_CS << 16
              | stack << 32
              | type << 40
              | ((stub >> 16) & 0xffff) << 48);
      memory.setLong(idt + 16L * vector + 8, stub >>> 32);
    }
  }

  private void writeStubs(long page) {
    fill(page);
    for (int vector = 0; vector < VECTORS; vector++) {
      memory.setByte(page + (long) vector * STUB_BYTES, (byte) 0xe6); // out imm8, al
      memory.setByte(page + (long) vector * STUB_BYTES + 1, (byte) vector);
    }
  }

  private void write(EntryCode code) {
    fill(entry);
    byte[] bytes = code.bytes();
    memory.copyFrom(bytes, 0, entry, bytes.length);
    byte[] jumpBytes = code.jumpBytes();
    memory.copyFrom(jumpBytes, 0, entry + (ENTRY_JUMP - ENTRY), jumpBytes.length);
    write(entry + (EntryCode.COMPATIBILITY - ENTRY), 0x0f, 0x0b); // ud2
  }

  /** SDM vol. 3, 8.7: the stacks that the IDT names, and no port for programs. */
  private void writeTss(long tss) {
    memory.setLong(tss + 4, STACK_TOP);
    memory.setLong(tss + 36, STACK_TOP);
    memory.setLong(tss + 44, DOUBLE_FAULT_STACK_TOP);
    memory.setInt(tss + 100, TSS_BITMAP << 16);
    for (int i = 0; i <= TSS_BITMAP_BYTES; i++) {
      memory.setByte(tss + TSS_BITMAP + i, (byte) 0xff);
    }
  }

  private void fill(long page) {
    for (int i = 0; i < PAGE_SIZE; i++) {
      memory.setByte(page + i, (byte) FILL);
    }
  }

  private void write(long gpa, int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      memory.setByte(gpa + i, (byte) bytes[i]);
    }
  }
}
