package org.biscotti.kvm;

import static org.biscotti.kernel.port.CpuContext.*;
import static org.biscotti.kvm.ffi.KvmAbi.*;
import static org.biscotti.kvm.x86.KernelPages.*;
import static org.biscotti.kvm.x86.X86.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.KernelArea;
import org.biscotti.kernel.port.RegisterFile;
import org.biscotti.kernel.port.RingPages;
import org.biscotti.kernel.port.Trap;
import org.biscotti.kvm.ffi.CallState;
import org.biscotti.kvm.ffi.Libc;
import org.biscotti.kvm.ffi.TimestampCounter;
import org.biscotti.kvm.x86.EntryCode;
import org.biscotti.kvm.x86.KernelPages;
import org.jspecify.annotations.Nullable;

/**
 * A vCPU as the kernel sees it: it turns KVM exits into traps, and keeps the program's registers in
 * the synchronized area of {@code kvm_run} so that no exit needs an ioctl but KVM_RUN.
 *
 * <p>Between exits the area shows what the program would see: after a trap RIP, RSP and RFLAGS are
 * the program's own, whatever ring-0 code they were found in. What the processor itself holds then
 * is remembered in {@link #position}.
 */
final class KvmCpu implements GuestCpu {
  /** The processor stands in ring 3, at the program's own RIP. */
  private static final int IN_USER = 0;

  /** It stands in ring 0 after the {@code out} of the entry page: {@code sysretq} leads back. */
  private static final int IN_ENTRY = 1;

  /** It stands elsewhere in ring 0: the user segments have to be loaded to go back. */
  private static final int IN_KERNEL = 2;

  /** A real-time signal: glibc keeps 32 and 33 for itself, the JDK uses 62. */
  private static final int KICK_SIGNAL = 37;

  private static final long SYSCALL_BYTES = 2;
  private static final int OFFSET_TRIES = 9;

  private static final byte[] INITIAL_VECTOR = RegisterFile.initialVector();

  private final Vcpu vcpu;
  private final GuestMemory memory;
  private final KernelPages pages;
  private final long ringRequest;
  private final long stackTop;
  private final long doubleFaultStackTop;
  private final Arena arena = Arena.ofShared();
  private final CallState kickState = new CallState(arena);
  private final CallState state = new CallState(arena);
  private final MemorySegment kickSet = arena.allocate(Libc.SIGSET_BYTES, 8);
  private final MemorySegment noWait = arena.allocate(Libc.TIMESPEC_BYTES, 8);
  private final MemorySegment initialSystem = arena.allocate(kvm_sregs$sizeof, 8);
  private final ExitCounts counts = new ExitCounts();

  private boolean ring0Entry = true;
  private int position = IN_KERNEL;
  private boolean systemChanged = true;
  private boolean broken;
  private long timestampFrequency;
  private long timestampOffset;
  private boolean timestampOffsetKnown;
  private long vectorFeatures;
  private int vectorBytes;
  private byte @Nullable [] loadedVector;

  private volatile boolean flushRequested;
  private volatile boolean inGuest;
  private volatile int threadId;
  private volatile @Nullable Thread owner;
  private int processId;
  private boolean closed;

  KvmCpu(Vcpu vcpu, GuestMemory memory, KernelPages pages) {
    this.vcpu = vcpu;
    this.memory = memory;
    this.pages = pages;
    ringRequest = pages.ringRequest(vcpu.index());
    stackTop = pages.stackTop(vcpu.index(), false);
    doubleFaultStackTop = pages.stackTop(vcpu.index(), true);
    kickSet.set(ValueLayout.JAVA_LONG, 0, 1L << (KICK_SIGNAL - 1));
    setUp();
  }

  /** Where {@code syscall} arrives on this host; a property of the host, probed at start. */
  void setEntryRing(boolean ring0) {
    ring0Entry = ring0;
  }

  ExitCounts counts() {
    return counts;
  }

  Vcpu vcpu() {
    return vcpu;
  }

  /** Long mode with our descriptor tables, system-call registers and vector state. */
  private void setUp() {
    vcpu.fetchSystemRegisters();
    vcpu.setSystem(kvm_sregs$cr0, CR0);
    vcpu.setSystem(kvm_sregs$efer, EFER);
    vcpu.setDescriptorTable(kvm_sregs$gdt, KernelArea.GDT, GDT_LIMIT);
    vcpu.setDescriptorTable(kvm_sregs$idt, KernelArea.IDT, IDT_LIMIT);
    vcpu.setTaskRegister(TSS_SELECTOR, KernelArea.TSS, TSS_LIMIT);
    loadUserSegments();
    dataSegments();
    long basic = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE | CR4_FSGSBASE;
    long[] choices = {
      basic | CR4_SMEP | CR4_SMAP | CR4_UMIP, basic | CR4_SMEP | CR4_SMAP, basic | CR4_SMEP, basic
    };
    if (!acceptsOneOf(choices)) {
      throw new KvmException(
          "KVM refuses 64-bit mode with XSAVE and FSGSBASE: too old a processor");
    }
    chooseVectorFeatures();
    setCallRegisters();
    for (int i = 0; i < kvm_sregs$sizeof; i += 8) {
      initialSystem.set(ValueLayout.JAVA_LONG, i, vcpu.system(i));
    }
  }

  private void setCallRegisters() {
    vcpu.setMsr(MSR_STAR, (long) (USER_SS - 8) << 48 | (long) KERNEL_CS << 32);
    vcpu.setMsr(MSR_LSTAR, KernelArea.ENTRY);
    vcpu.setMsr(MSR_CSTAR, EntryCode.COMPATIBILITY);
    vcpu.setMsr(MSR_SFMASK, SFMASK);
    vcpu.setMsr(MSR_SYSENTER_CS, 0);
  }

  private void chooseVectorFeatures() {
    for (long features : Kvm.VECTOR_FEATURES) {
      if (vcpu.setXcr0(features)) {
        vectorFeatures = features;
        vectorBytes = vcpu.vectorBytes(features);
        return;
      }
    }
    throw new KvmException("KVM refuses every choice of XCR0");
  }

  private boolean acceptsOneOf(long[] choices) {
    for (long cr4 : choices) {
      vcpu.setSystem(kvm_sregs$cr4, cr4);
      if (vcpu.storeSystemRegisters()) {
        return true;
      }
    }
    return false;
  }

  private void loadUserSegments() {
    vcpu.setFlatSegment(kvm_sregs$cs, USER_CS, 11, 3, true);
    vcpu.setFlatSegment(kvm_sregs$ss, USER_SS, 3, 3, false);
  }

  /** Flat, with the null selectors that Linux shows a 64-bit program. */
  private void dataSegments() {
    vcpu.setFlatSegment(kvm_sregs$ds, 0, 3, 3, false);
    vcpu.setFlatSegment(kvm_sregs$es, 0, 3, 3, false);
    vcpu.setFlatSegment(kvm_sregs$fs, 0, 3, 3, false);
    vcpu.setFlatSegment(kvm_sregs$gs, 0, 3, 3, false);
  }

  /**
   * Makes the calling thread the one that runs this vCPU: blocks the kick signal in it, and lets it
   * through in the guest.
   */
  void adopt() {
    MemorySegment old = arena.allocate(Libc.SIGSET_BYTES, 8);
    Libc.blockSignals(state, kickSet, old);
    long outside = old.get(ValueLayout.JAVA_LONG, 0);
    vcpu.setSignalMask(outside & ~(1L << (KICK_SIGNAL - 1)));
    owner = Thread.currentThread();
    processId = Libc.getpid(state);
    threadId = Libc.gettid(state);
  }

  @Override
  public int index() {
    return vcpu.index();
  }

  @Override
  public long register(int register) {
    return vcpu.register(register);
  }

  @Override
  public void setRegister(int register, long value) {
    vcpu.setRegister(register, register == RFLAGS ? userFlags(value) : value);
  }

  @Override
  public long fsBase() {
    return vcpu.system(kvm_sregs$fs + kvm_segment$base);
  }

  @Override
  public void setFsBase(long address) {
    vcpu.setSystem(kvm_sregs$fs + kvm_segment$base, address);
    systemChanged = true;
  }

  @Override
  public long gsBase() {
    return vcpu.system(kvm_sregs$gs + kvm_segment$base);
  }

  @Override
  public void setGsBase(long address) {
    vcpu.setSystem(kvm_sregs$gs + kvm_segment$base, address);
    systemChanged = true;
  }

  @Override
  public void load(CpuContext context, long root) {
    if (broken) {
      repair();
    }
    dataSegments();
    for (int i = 0; i < COUNT; i++) {
      setRegister(i, context.registers[i]);
    }
    setFsBase(context.fsBase);
    setGsBase(context.gsBase);
    long before = vcpu.system(kvm_sregs$cr3);
    // Never the value that was there: the same root may by now be another address space's.
    vcpu.setSystem(kvm_sregs$cr3, root | (~before & CR3_PWT));
    position = IN_KERNEL;
    loadVector(context);
  }

  private void loadVector(CpuContext context) {
    if (context.vector.length == 0) {
      loadInitialVector();
    } else if (context.vectorHolder != this || !holds(context.vector)) {
      if (!vcpu.loadVector(context.vector, context.vector.length)) {
        loadInitialVector();
        return;
      }
      loadedVector = context.vector;
      context.vectorHolder = this;
    }
  }

  @SuppressWarnings("ReferenceEquality") // the array this vCPU saved to or loaded from last
  private boolean holds(byte[] vector) {
    return loadedVector == vector;
  }

  private void loadInitialVector() {
    if (!vcpu.loadVector(INITIAL_VECTOR, INITIAL_VECTOR.length)) {
      throw new KvmException("KVM refuses the initial vector state");
    }
    loadedVector = null;
  }

  @Override
  public int vectorBytes() {
    return vectorBytes;
  }

  @Override
  public long vectorFeatures() {
    return vectorFeatures;
  }

  @Override
  public void readVector(byte[] to, int bytes) {
    vcpu.saveVector(to, bytes);
  }

  @Override
  public boolean writeVector(byte[] from, int bytes) {
    loadedVector = null;
    return vcpu.loadVector(from, bytes);
  }

  @Override
  public void clearVector() {
    loadInitialVector();
  }

  /**
   * After a triple fault: the vCPU has been reset, or may have been. kvm_amd clears the whole VMCB,
   * and with it where system calls arrive: the next one would run from address 0, in ring 0.
   */
  private void repair() {
    for (int i = 0; i < kvm_sregs$sizeof; i += 8) {
      vcpu.setSystem(i, initialSystem.get(ValueLayout.JAVA_LONG, i));
    }
    vcpu.resetEvents();
    setCallRegisters();
    loadedVector = null;
    broken = false;
  }

  @Override
  public void save(CpuContext context) {
    for (int i = 0; i < COUNT; i++) {
      context.registers[i] = vcpu.register(i);
    }
    context.fsBase = fsBase();
    context.gsBase = gsBase();
    if (context.vector.length == 0) {
      context.vector = new byte[(int) kvm_xsave$sizeof];
    }
    vcpu.saveVector(context.vector, context.vector.length);
    loadedVector = context.vector;
    context.vectorHolder = this;
  }

  @Override
  public Trap run() {
    long rip = vcpu.register(RIP);
    if (Long.compareUnsigned(rip, KernelArea.START) >= 0) {
      return canonical(rip)
          ? new Trap.PageFault(rip, false, true, false)
          : new Trap.Fault(VECTOR_GENERAL_PROTECTION, 0);
    }
    inGuest = true;
    prepare();
    int errno = vcpu.run();
    inGuest = false;
    return errno == 0 ? exited() : notRun(errno);
  }

  /** Tells KVM which registers it has to load for the program to go on. */
  private void prepare() {
    if (flushRequested) {
      flushRequested = false;
      vcpu.setSystem(kvm_sregs$cr3, vcpu.system(kvm_sregs$cr3) ^ CR3_PWT);
      systemChanged = true;
    }
    if (position == IN_ENTRY && !systemChanged && canReturn()) {
      vcpu.setRegister(RIP, pages.entryCode().returnAddress());
      vcpu.setDirty(KVM_SYNC_X86_REGS);
      return;
    }
    int dirty = KVM_SYNC_X86_REGS;
    if (position != IN_USER) {
      loadUserSegments();
      systemChanged = true;
    }
    if (systemChanged) {
      dirty |= KVM_SYNC_X86_SREGS;
      systemChanged = false;
    }
    vcpu.setDirty(dirty);
  }

  /** True if {@code sysretq} would bring back exactly the registers the program is to have. */
  private boolean canReturn() {
    long flags = vcpu.register(RFLAGS);
    return vcpu.register(RCX) == vcpu.register(RIP)
        && vcpu.register(R11) == flags
        && (flags & RFLAGS_TF) == 0;
  }

  private Trap exited() {
    int reason = vcpu.exitReason();
    return switch (reason) {
      case KVM_EXIT_IO -> portAccess(vcpu.ioPort());
      case KVM_EXIT_INTR -> interrupted();
      case KVM_EXIT_SHUTDOWN -> unrunnable("triple fault at", vcpu.register(RIP));
      case KVM_EXIT_INTERNAL_ERROR -> unrunnable("KVM internal error", vcpu.exitDetail());
      case KVM_EXIT_FAIL_ENTRY -> unrunnable("entry failure", vcpu.exitDetail());
      case KVM_EXIT_MMIO -> unrunnable("access outside memory at", vcpu.exitDetail());
      default -> unrunnable("unexpected exit", reason);
    };
  }

  private Trap unrunnable(String what, long detail) {
    counts.others++;
    broken = true;
    return new Trap.Unrunnable(what + " 0x" + Long.toHexString(detail));
  }

  private Trap portAccess(int port) {
    long rip = vcpu.register(RIP);
    boolean kernel = (vcpu.selector(kvm_sregs$cs) & 3) == 0;
    if (port == SYSCALL_PORT && kernel == ring0Entry && vcpu.ioOut()) {
      EntryCode code = pages.entryCode();
      if (code.isExit(rip)) {
        counts.systemCalls++;
        position = kernel ? IN_ENTRY : IN_USER;
        returnAddressFromSyscall();
        return Trap.Syscall.SYSCALL;
      }
      if (code.isPostedExit(rip)) {
        counts.postedCalls++;
        position = kernel ? IN_ENTRY : IN_USER;
        return posted(EntryCode.Place.POSTED);
      }
    }
    if (kernel && inStubs(rip)) {
      return exception(port);
    }
    // The program's own `out`, to the one port that the I/O bitmap has to allow.
    counts.faults++;
    position = kernel ? IN_KERNEL : IN_USER;
    return new Trap.Fault(VECTOR_GENERAL_PROTECTION, 0);
  }

  /** RCX and R11 hold what SYSCALL saved (SDM vol. 2B, SYSCALL). */
  private void returnAddressFromSyscall() {
    vcpu.setRegister(RIP, vcpu.register(RCX));
    vcpu.setRegister(RFLAGS, userFlags(vcpu.register(R11)));
  }

  /** The program waits for an answer; its registers are those of the call it has posted. */
  private Trap posted(EntryCode.Place place) {
    returnAddressFromSyscall();
    raxFromRequest();
    if (place == EntryCode.Place.POSTED_OTHER_STACK) {
      stackFromRequest();
    }
    return Trap.Posted.POSTED;
  }

  private void stackFromRequest() {
    vcpu.setRegister(RSP, memory.getLong(ringRequest + RingPages.REQUEST_RSP));
  }

  private void raxFromRequest() {
    vcpu.setRegister(RAX, memory.getLong(ringRequest + RingPages.REQUEST_RAX));
  }

  private static boolean inStubs(long rip) {
    return Long.compareUnsigned(rip - KernelArea.STUBS, GuestMemory.PAGE_SIZE) < 0;
  }

  private static boolean inEntryPage(long rip) {
    return Long.compareUnsigned(rip - KernelArea.ENTRY, GuestMemory.PAGE_SIZE) < 0;
  }

  /** An exception has gone through the IDT; its frame is on the stack (SDM vol. 3, 6.14.2). */
  private Trap exception(int vector) {
    long top = vector == VECTOR_DOUBLE_FAULT ? doubleFaultStackTop : stackTop;
    long rip = memory.getLong(top - 40);
    long errorCode = hasErrorCode(vector) ? memory.getLong(top - 48) : 0;
    position = IN_KERNEL;
    vcpu.setRegister(RSP, memory.getLong(top - 16));
    boolean kernel = (memory.getLong(top - 32) & 3) == 0;
    if (kernel && rip == KernelArea.ENTRY && vector == VECTOR_PAGE_FAULT && !ring0Entry) {
      return emulatedSyscall();
    }
    if (inEntryPage(rip)) {
      vcpu.setRegister(RFLAGS, userFlags(memory.getLong(top - 24)));
      rollBack(pages.entryCode().place(rip));
    } else if (kernel) {
      return unrunnable(
          "exception in ring 0 at 0x%x, address 0x%x, error 0x%x, vector"
              .formatted(rip, vcpu.system(kvm_sregs$cr2), errorCode),
          vector);
    } else {
      vcpu.setRegister(RIP, rip);
      vcpu.setRegister(RFLAGS, userFlags(memory.getLong(top - 24)));
    }
    if (vector == VECTOR_PAGE_FAULT) {
      counts.pageFaults++;
      return new Trap.PageFault(
          vcpu.system(kvm_sregs$cr2),
          (errorCode & FAULT_WRITE) != 0,
          (errorCode & FAULT_FETCH) != 0,
          (errorCode & FAULT_PRESENT) != 0);
    }
    counts.faults++;
    return vector == VECTOR_NMI ? Trap.Interrupted.INTERRUPTED : new Trap.Fault(vector, errorCode);
  }

  /**
   * Where {@code syscall} stays in ring 3, KVM still emulates it when the program's registers keep
   * the processor from running it, a stack pointer that is not canonical for one. Then it does
   * enter ring 0, which may not execute the entry page.
   */
  private Trap emulatedSyscall() {
    counts.systemCalls++;
    returnAddressFromSyscall();
    return Trap.Syscall.SYSCALL;
  }

  /**
   * Back to the {@code syscall} instruction, which is two bytes long. It is still there where a
   * jump has been put in front of it.
   */
  private void rollBack(EntryCode.Place place) {
    vcpu.setRegister(RIP, vcpu.register(RCX) - SYSCALL_BYTES);
    switch (place) {
      case JUMPED -> {}
      case JUMPED_OTHER_STACK -> stackFromRequest();
      default -> vcpu.setRegister(RFLAGS, userFlags(vcpu.register(R11)));
    }
  }

  private Trap notRun(int errno) {
    if (errno == Errno.EINTR || errno == Errno.EAGAIN) {
      return interrupted();
    }
    return unrunnable("KVM_RUN failed, errno", errno);
  }

  /** A kick: wherever it found the processor, the program's registers must come out of it. */
  private Trap interrupted() {
    counts.kicks++;
    Libc.sigtimedwait(state, kickSet, noWait);
    long rip = vcpu.register(RIP);
    boolean kernel = (vcpu.selector(kvm_sregs$cs) & 3) == 0;
    position = kernel ? IN_KERNEL : IN_USER;
    int vector = vcpu.takeException();
    if (!kernel && isAfterInstruction(vector)) {
      counts.faults++;
      return new Trap.Fault(vector, 0);
    }
    // Any other exception comes again, as the instruction does.
    if (kernel && inStubs(rip)) {
      return exception((int) (rip - KernelArea.STUBS) / STUB_BYTES);
    }
    // In ring 0 where syscall stays in ring 3: see emulatedSyscall.
    if (inEntryPage(rip) && (kernel == ring0Entry || rip == KernelArea.ENTRY)) {
      return leaveEntryPage(rip);
    }
    return Trap.Interrupted.INTERRUPTED;
  }

  /** An exception that is reported after its instruction, and would not come again. */
  private static boolean isAfterInstruction(int vector) {
    return vector == VECTOR_DEBUG || vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW;
  }

  private Trap leaveEntryPage(long rip) {
    EntryCode.Place place = pages.entryCode().place(rip);
    switch (place) {
      case BEFORE, JUMPED, JUMPED_OTHER_STACK -> rollBack(place);
      case BEFORE_POST -> {
        raxFromRequest();
        rollBack(place);
      }
      case AFTER_EXIT -> returnAddressFromSyscall();
      case POSTED, POSTED_OTHER_STACK -> {
        return posted(place);
      }
      case ELSEWHERE -> {} // a program has jumped there; its next run faults on that address
    }
    return Trap.Interrupted.INTERRUPTED;
  }

  @Override
  public long timestampCounter() {
    return timestampOffsetKnown ? TimestampCounter.read() + timestampOffset : vcpu.getMsr(MSR_TSC);
  }

  /**
   * Finds out how far the guest's time-stamp counter is from the host's, so that it can be read
   * without asking KVM. Each of several tries gives bounds; the offset lies in all of them, and is
   * nothing if that is possible.
   */
  void findTimestampOffset() {
    if (!TimestampCounter.isReadable()) {
      return;
    }
    long low = Long.MIN_VALUE;
    long high = Long.MAX_VALUE;
    for (int i = 0; i < OFFSET_TRIES; i++) {
      long before = TimestampCounter.read();
      long guest = vcpu.getMsr(MSR_TSC);
      long after = TimestampCounter.read();
      low = Math.max(low, guest - after);
      high = Math.min(high, guest - before);
    }
    timestampOffset = low <= 0 && high >= 0 ? 0 : low + (high - low) / 2;
    timestampOffsetKnown = true;
  }

  @Override
  public long timestampFrequency() {
    return timestampFrequency;
  }

  void setTimestampFrequency(long hertz) {
    timestampFrequency = hertz;
  }

  @Override
  public void kick() {
    synchronized (kickState) {
      if (threadId != 0 && !closed) {
        Libc.tgkill(kickState, processId, threadId, KICK_SIGNAL);
      }
    }
  }

  /** Asks for a flush of all translations before the program runs again. */
  void requestFlush() {
    flushRequested = true;
  }

  /** True while the program may be running with translations from before a requested flush. */
  boolean mayHoldOldTranslations() {
    return inGuest && flushRequested;
  }

  boolean isCurrentThread() {
    return Thread.currentThread() == owner;
  }

  /**
   * Ends the vCPU; called by its own thread. A kick that is still pending has to go: the JVM
   * unblocks the signal when the thread ends, and it would end the process.
   */
  void close() {
    synchronized (kickState) {
      closed = true;
    }
    while (Libc.sigtimedwait(state, kickSet, noWait) > 0) {
      counts.kicks++;
    }
    vcpu.close();
    arena.close();
  }
}
