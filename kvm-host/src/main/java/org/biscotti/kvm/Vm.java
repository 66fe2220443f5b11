package org.biscotti.kvm;

import static org.biscotti.kvm.ffi.KvmAbi.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kvm.ffi.CallState;
import org.biscotti.kvm.ffi.Libc;

/**
 * One virtual machine: memory slots and processors.
 *
 * <p>It has no in-kernel interrupt controller: programs run in ring 3 with interrupts of no
 * interest, and a vCPU that waits for a start-up IPI would not run.
 */
public final class Vm implements AutoCloseable {
  private final Kvm kvm;
  private final int fd;
  private final Arena arena = Arena.ofShared();

  Vm(Kvm kvm, int fd) {
    this.kvm = kvm;
    this.fd = fd;
  }

  /**
   * Gives the machine memory, or takes it away.
   *
   * @param slot number of the slot
   * @param gpa guest-physical start, page-aligned
   * @param bytes length; 0 deletes the slot
   * @param hva address of the memory in this process
   */
  public void setMemory(int slot, long gpa, long bytes, long hva) {
    try (Arena scratch = Arena.ofConfined()) {
      CallState state = new CallState(scratch);
      MemorySegment region = scratch.allocate(kvm_userspace_memory_region$sizeof, 8);
      region.set(ValueLayout.JAVA_INT, kvm_userspace_memory_region$slot, slot);
      region.set(ValueLayout.JAVA_LONG, kvm_userspace_memory_region$guest_phys_addr, gpa);
      region.set(ValueLayout.JAVA_LONG, kvm_userspace_memory_region$memory_size, bytes);
      region.set(ValueLayout.JAVA_LONG, kvm_userspace_memory_region$userspace_addr, hva);
      if (Libc.ioctl(state, fd, KVM_SET_USER_MEMORY_REGION, region.address()) < 0) {
        throw new KvmException(
            "KVM refuses %d MiB of guest memory (%s): ask for less with --memory"
                .formatted(bytes >> 20, Errno.name(state.errno())));
      }
    }
  }

  /**
   * Creates a processor.
   *
   * @param index its number, from 0
   */
  public Vcpu createVcpu(int index) {
    try (Arena scratch = Arena.ofConfined()) {
      CallState state = new CallState(scratch);
      int vcpu = Libc.ioctl(state, fd, KVM_CREATE_VCPU, index);
      if (vcpu < 0) {
        throw new KvmException(
            "cannot create vCPU %d: %s".formatted(index, Errno.name(state.errno())));
      }
      return new Vcpu(kvm, vcpu, index);
    }
  }

  @Override
  public void close() {
    Libc.close(new CallState(arena), fd);
    arena.close();
  }
}
