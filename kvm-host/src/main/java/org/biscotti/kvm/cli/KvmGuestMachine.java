package org.biscotti.kvm.cli;
final class KvmGuestMachine {
  static GuestMachine boot(MachineFlags flags, org.biscotti.kernel.syscall.@org.jspecify.annotations.Nullable SyscallObserver observer) { throw new IllegalStateException(); }
}
