package org.biscotti.kvm;

import static org.biscotti.kvm.ffi.KvmAbi.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kvm.ffi.CallState;
import org.biscotti.kvm.ffi.Libc;

/**
 * One virtual processor: its file descriptor, its shared {@code struct kvm_run}, and the ioctls
 * that belong to it. Registers travel through the synchronized area of {@code kvm_run}; an ioctl
 * costs microseconds on some hosts and is left to what is rare.
 *
 * <p>All methods are for the thread that runs the vCPU.
 */
public final class Vcpu implements AutoCloseable {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final Arena arena = Arena.ofShared();
  private final CallState state = new CallState(arena);
  private final Kvm kvm;
  private final int fd;
  private final int index;
  private final long mapAddress;
  private final long mapBytes;
  private final MemorySegment run;

  /** The general registers, RIP and RFLAGS between two runs. */
  private final long[] registers = new long[CpuContext.COUNT];

  private final MemorySegment xsave = arena.allocate(kvm_xsave$sizeof, 64);

  Vcpu(Kvm kvm, int fd, int index) {
    this.kvm = kvm;
    this.fd = fd;
    this.index = index;
    mapBytes = kvm.vcpuMapBytes();
    mapAddress =
        Libc.mmap(state, mapBytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0);
    if (mapAddress == -1) {
      throw new KvmException("cannot map a vCPU's run area: " + Errno.name(state.errno()));
    }
    run = Libc.segmentAt(mapAddress, mapBytes, arena);
    run.set(LONG, kvm_run$kvm_valid_regs, KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS);
    setCpuid(kvm);
  }

  int index() {
    return index;
  }

  /**
   * KVM_RUN.
   *
   * @return 0, or the error number: EINTR after a kick
   */
  int run() {
    // All at once: one by one they are a fifth of an exit while all of this is interpreted.
    MemorySegment.copy(registers, 0, run, LONG, kvm_run$s$regs$regs, registers.length);
    int errno = Libc.ioctl(state, fd, KVM_RUN, 0) < 0 ? state.errno() : 0;
    MemorySegment.copy(run, LONG, kvm_run$s$regs$regs, registers, 0, registers.length);
    return errno;
  }

  int exitReason() {
    return run.get(INT, kvm_run$exit_reason);
  }

  int ioPort() {
    return Short.toUnsignedInt(run.get(SHORT, kvm_run$io$port));
  }

  int ioSize() {
    return run.get(BYTE, kvm_run$io$size);
  }

  boolean ioOut() {
    return run.get(BYTE, kvm_run$io$direction) == KVM_EXIT_IO_OUT;
  }

  long exitDetail() {
    return run.get(LONG, kvm_run$internal$suberror);
  }

  /** A general register, RIP or RFLAGS; indices as in {@code struct kvm_regs}. */
  long register(int register) {
    return registers[register];
  }

  void setRegister(int register, long value) {
    registers[register] = value;
  }

  /** A 64-bit field of {@code struct kvm_sregs}, by its offset. */
  long system(long field) {
    return run.get(LONG, kvm_run$s$regs$sregs + field);
  }

  void setSystem(long field, long value) {
    run.set(LONG, kvm_run$s$regs$sregs + field, value);
  }

  int selector(long segment) {
    return Short.toUnsignedInt(
        run.get(SHORT, kvm_run$s$regs$sregs + segment + kvm_segment$selector));
  }

  /** Says which synchronized registers the next {@link #run} has to load. */
  void setDirty(int which) {
    run.set(LONG, kvm_run$kvm_dirty_regs, which);
  }

  /** Sets a segment in the synchronized area: a flat one, as the GDT describes it. */
  void setFlatSegment(long segment, int selector, int type, int privilege, boolean code) {
    long at = kvm_run$s$regs$sregs + segment;
    run.set(LONG, at + kvm_segment$base, 0);
    run.set(INT, at + kvm_segment$limit, -1);
    run.set(SHORT, at + kvm_segment$selector, (short) selector);
    run.set(BYTE, at + kvm_segment$type, (byte) type);
    run.set(BYTE, at + kvm_segment$present, (byte) 1);
    run.set(BYTE, at + kvm_segment$dpl, (byte) privilege);
    run.set(BYTE, at + kvm_segment$db, (byte) (code ? 0 : 1));
    run.set(BYTE, at + kvm_segment$s, (byte) 1);
    run.set(BYTE, at + kvm_segment$l, (byte) (code ? 1 : 0));
    run.set(BYTE, at + kvm_segment$g, (byte) 1);
    run.set(BYTE, at + kvm_segment$unusable, (byte) 0);
  }

  /** Sets the task register: a busy 64-bit TSS. */
  void setTaskRegister(int selector, long base, int limit) {
    long at = kvm_run$s$regs$sregs + kvm_sregs$tr;
    run.set(LONG, at + kvm_segment$base, base);
    run.set(INT, at + kvm_segment$limit, limit);
    run.set(SHORT, at + kvm_segment$selector, (short) selector);
    run.set(BYTE, at + kvm_segment$type, (byte) 11);
    run.set(BYTE, at + kvm_segment$present, (byte) 1);
    run.set(BYTE, at + kvm_segment$dpl, (byte) 0);
    run.set(BYTE, at + kvm_segment$db, (byte) 0);
    run.set(BYTE, at + kvm_segment$s, (byte) 0);
    run.set(BYTE, at + kvm_segment$l, (byte) 0);
    run.set(BYTE, at + kvm_segment$g, (byte) 0);
    run.set(BYTE, at + kvm_segment$unusable, (byte) 0);
  }

  /** Sets a descriptor-table register, {@code kvm_sregs$gdt} or {@code kvm_sregs$idt}. */
  void setDescriptorTable(long table, long base, int limit) {
    long at = kvm_run$s$regs$sregs + table;
    run.set(LONG, at + kvm_dtable$base, base);
    run.set(SHORT, at + kvm_dtable$limit, (short) limit);
  }

  /** KVM_GET_SREGS into the synchronized area, where a later {@link #setDirty} finds them. */
  void fetchSystemRegisters() {
    check(Libc.ioctl(state, fd, KVM_GET_SREGS, mapAddress + kvm_run$s$regs$sregs), "KVM_GET_SREGS");
  }

  /** KVM_SET_SREGS from the synchronized area; false if the host does not accept them. */
  boolean storeSystemRegisters() {
    return Libc.ioctl(state, fd, KVM_SET_SREGS, mapAddress + kvm_run$s$regs$sregs) == 0;
  }

  /** Sets a model-specific register. */
  void setMsr(int msr, long value) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment msrs = msr(scratch, msr);
      msrs.set(LONG, kvm_msrs$entries + kvm_msr_entry$data, value);
      if (Libc.ioctl(state, fd, KVM_SET_MSRS, msrs.address()) != 1) {
        throw new KvmException("KVM does not let MSR %#x be set to %#x".formatted(msr, value));
      }
    }
  }

  /** Reads a model-specific register. */
  long getMsr(int msr) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment msrs = msr(scratch, msr);
      if (Libc.ioctl(state, fd, KVM_GET_MSRS, msrs.address()) != 1) {
        throw new KvmException("KVM does not let MSR %#x be read".formatted(msr));
      }
      return msrs.get(LONG, kvm_msrs$entries + kvm_msr_entry$data);
    }
  }

  private static MemorySegment msr(Arena arena, int msr) {
    MemorySegment msrs = arena.allocate(kvm_msrs$entries + kvm_msr_entry$sizeof, 8);
    msrs.set(INT, kvm_msrs$nmsrs, 1);
    msrs.set(INT, kvm_msrs$entries + kvm_msr_entry$index, msr);
    return msrs;
  }

  /** XCR0 (SDM vol. 1, 13.3); false if the host does not accept the value. */
  boolean setXcr0(long value) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment xcrs = scratch.allocate(kvm_xcrs$sizeof, 8);
      xcrs.set(INT, kvm_xcrs$nr_xcrs, 1);
      xcrs.set(LONG, kvm_xcrs$xcrs + kvm_xcr$value, value);
      return Libc.ioctl(state, fd, KVM_SET_XCRS, xcrs.address()) == 0;
    }
  }

  /** Frequency of the guest's time-stamp counter in kHz. */
  long tscKilohertz() {
    return Libc.ioctl(state, fd, KVM_GET_TSC_KHZ, 0);
  }

  /** KVM_GET_XSAVE; copies the first bytes of the area. */
  void saveVector(byte[] to, int bytes) {
    check(Libc.ioctl(state, fd, KVM_GET_XSAVE, xsave.address()), "KVM_GET_XSAVE");
    MemorySegment.copy(xsave, BYTE, 0, to, 0, bytes);
  }

  /** KVM_SET_XSAVE from the first bytes of an area; the rest is zero. */
  boolean loadVector(byte[] from, int bytes) {
    MemorySegment.copy(from, 0, xsave, BYTE, 0, bytes);
    xsave.asSlice(bytes).fill((byte) 0);
    return Libc.ioctl(state, fd, KVM_SET_XSAVE, xsave.address()) == 0;
  }

  /** Bytes of an XSAVE area in standard form with these features. */
  int vectorBytes(long features) {
    return kvm.vectorBytes(features);
  }

  /**
   * Discards an exception that KVM would deliver when the vCPU runs next, by then perhaps to
   * another program.
   *
   * @return its vector, or -1 if there is none
   */
  int takeException() {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment events = scratch.allocate(kvm_vcpu_events$sizeof, 8);
      check(Libc.ioctl(state, fd, KVM_GET_VCPU_EVENTS, events.address()), "KVM_GET_VCPU_EVENTS");
      boolean injected = events.get(BYTE, kvm_vcpu_events$exception$injected) != 0;
      boolean pending = events.get(BYTE, kvm_vcpu_events$exception$pending) != 0;
      if (!injected && !pending) {
        return -1;
      }
      int vector = events.get(BYTE, kvm_vcpu_events$exception$nr) & 0xff;
      events.fill((byte) 0);
      check(Libc.ioctl(state, fd, KVM_SET_VCPU_EVENTS, events.address()), "KVM_SET_VCPU_EVENTS");
      return vector;
    }
  }

  /** Discards any exception that is pending or being injected, and makes the vCPU runnable. */
  void resetEvents() {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment events = scratch.allocate(kvm_vcpu_events$sizeof, 8);
      check(Libc.ioctl(state, fd, KVM_SET_VCPU_EVENTS, events.address()), "KVM_SET_VCPU_EVENTS");
      MemorySegment runnable = scratch.allocate(kvm_mp_state$sizeof, 4);
      runnable.set(INT, kvm_mp_state$mp_state, KVM_MP_STATE_RUNNABLE);
      // Fails with EINVAL on hosts where a vCPU has no such state; it is runnable there anyway.
      Libc.ioctl(state, fd, KVM_SET_MP_STATE, runnable.address());
    }
  }

  /**
   * KVM_SET_SIGNAL_MASK: signals blocked while the guest runs, in place of the thread's own.
   *
   * @param mask bit n-1 for signal n
   */
  void setSignalMask(long mask) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment argument =
          scratch.allocate(kvm_signal_mask$sigset + Libc.KERNEL_SIGSET_BYTES, 4);
      argument.set(INT, kvm_signal_mask$len, Libc.KERNEL_SIGSET_BYTES);
      argument.set(ValueLayout.JAVA_LONG_UNALIGNED, kvm_signal_mask$sigset, mask);
      check(Libc.ioctl(state, fd, KVM_SET_SIGNAL_MASK, argument.address()), "KVM_SET_SIGNAL_MASK");
    }
  }

  private void setCpuid(Kvm kvm) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment cpuid = kvm.supportedCpuid(scratch);
      int count = cpuid.get(INT, kvm_cpuid2$nent);
      for (int i = 0; i < count; i++) {
        personalize(cpuid.asSlice(kvm_cpuid2$entries + i * kvm_cpuid_entry2$sizeof));
      }
      check(Libc.ioctl(state, fd, KVM_SET_CPUID2, cpuid.address()), "KVM_SET_CPUID2");
    }
  }

  /** Puts this vCPU's number where CPUID has one: leaf 1 and leaf 0xb (SDM vol. 2A, CPUID). */
  private void personalize(MemorySegment entry) {
    int function = entry.get(INT, kvm_cpuid_entry2$function);
    if (function == 1) {
      int ebx = entry.get(INT, kvm_cpuid_entry2$ebx);
      entry.set(INT, kvm_cpuid_entry2$ebx, (ebx & 0x00ff_ffff) | (index << 24));
    } else if (function == 0xb || function == 0x1f) {
      entry.set(INT, kvm_cpuid_entry2$edx, index);
    }
  }

  private void check(int result, String request) {
    if (result < 0) {
      throw new KvmException(request + " failed: " + Errno.name(state.errno()));
    }
  }

  @Override
  public void close() {
    Libc.munmap(state, mapAddress, mapBytes);
    Libc.close(state, fd);
    arena.close();
  }
}
