package org.biscotti.kvm.ffi;

/**
 * {@code linux/kvm.h} for x86-64, as far as the machine uses it, in the shape in which jextract
 * would give it: request numbers and constants under their C names, offsets as {@code
 * struct$field}, sizes as {@code struct$sizeof}; offsets and sizes in bytes.
 *
 * <p>A test compiles a C program against the installed header and compares every value here.
 * Source: the kernel's Documentation/virt/kvm/api.rst.
 */
public final class KvmAbi {
  // Requests on /dev/kvm.
  public static final long KVM_GET_API_VERSION = 0xae00L;
  public static final long KVM_CREATE_VM = 0xae01L;
  public static final long KVM_CHECK_EXTENSION = 0xae03L;
  public static final long KVM_GET_VCPU_MMAP_SIZE = 0xae04L;
  public static final long KVM_GET_SUPPORTED_CPUID = 0xc008ae05L;

  // Requests on a virtual machine.
  public static final long KVM_CREATE_VCPU = 0xae41L;
  public static final long KVM_SET_USER_MEMORY_REGION = 0x4020ae46L;

  // Requests on a vCPU.
  public static final long KVM_RUN = 0xae80L;
  public static final long KVM_GET_SREGS = 0x8138ae83L;
  public static final long KVM_SET_SREGS = 0x4138ae84L;
  public static final long KVM_GET_MSRS = 0xc008ae88L;
  public static final long KVM_SET_MSRS = 0x4008ae89L;
  public static final long KVM_SET_SIGNAL_MASK = 0x4004ae8bL;
  public static final long KVM_SET_CPUID2 = 0x4008ae90L;
  public static final long KVM_SET_MP_STATE = 0x4004ae99L;
  public static final long KVM_GET_VCPU_EVENTS = 0x8040ae9fL;
  public static final long KVM_SET_VCPU_EVENTS = 0x4040aea0L;
  public static final long KVM_GET_TSC_KHZ = 0xaea3L;
  public static final long KVM_GET_XSAVE = 0x9000aea4L;
  public static final long KVM_SET_XSAVE = 0x5000aea5L;
  public static final long KVM_SET_XCRS = 0x4188aea7L;

  public static final int KVM_API_VERSION = 12;
  public static final int KVM_CAP_USER_MEMORY = 3;
  public static final int KVM_CAP_XSAVE = 0x37;
  public static final int KVM_CAP_XCRS = 0x38;
  public static final int KVM_CAP_GET_TSC_KHZ = 0x3d;
  public static final int KVM_CAP_MAX_VCPUS = 0x42;
  public static final int KVM_CAP_SYNC_REGS = 0x4a;
  public static final int KVM_CAP_IMMEDIATE_EXIT = 0x88;

  public static final int KVM_SYNC_X86_REGS = 1;
  public static final int KVM_SYNC_X86_SREGS = 2;

  public static final int KVM_EXIT_IO = 2;
  public static final int KVM_EXIT_IO_OUT = 1;
  public static final int KVM_EXIT_HLT = 5;
  public static final int KVM_EXIT_MMIO = 6;
  public static final int KVM_EXIT_SHUTDOWN = 8;
  public static final int KVM_EXIT_FAIL_ENTRY = 9;
  public static final int KVM_EXIT_INTR = 10;
  public static final int KVM_EXIT_INTERNAL_ERROR = 17;

  public static final int KVM_MP_STATE_RUNNABLE = 0;

  public static final long kvm_regs$sizeof = 144;
  public static final long kvm_regs$rax = 0;
  public static final long kvm_regs$rbx = 8;
  public static final long kvm_regs$rcx = 16;
  public static final long kvm_regs$rdx = 24;
  public static final long kvm_regs$rsi = 32;
  public static final long kvm_regs$rdi = 40;
  public static final long kvm_regs$rsp = 48;
  public static final long kvm_regs$rbp = 56;
  public static final long kvm_regs$r8 = 64;
  public static final long kvm_regs$r9 = 72;
  public static final long kvm_regs$r10 = 80;
  public static final long kvm_regs$r11 = 88;
  public static final long kvm_regs$r12 = 96;
  public static final long kvm_regs$r13 = 104;
  public static final long kvm_regs$r14 = 112;
  public static final long kvm_regs$r15 = 120;
  public static final long kvm_regs$rip = 128;
  public static final long kvm_regs$rflags = 136;

  public static final long kvm_segment$sizeof = 24;
  public static final long kvm_segment$base = 0;
  public static final long kvm_segment$limit = 8;
  public static final long kvm_segment$selector = 12;
  public static final long kvm_segment$type = 14;
  public static final long kvm_segment$present = 15;
  public static final long kvm_segment$dpl = 16;
  public static final long kvm_segment$db = 17;
  public static final long kvm_segment$s = 18;
  public static final long kvm_segment$l = 19;
  public static final long kvm_segment$g = 20;
  public static final long kvm_segment$unusable = 22;

  public static final long kvm_dtable$base = 0;
  public static final long kvm_dtable$limit = 8;

  public static final long kvm_sregs$sizeof = 312;
  public static final long kvm_sregs$cs = 0;
  public static final long kvm_sregs$ds = 24;
  public static final long kvm_sregs$es = 48;
  public static final long kvm_sregs$fs = 72;
  public static final long kvm_sregs$gs = 96;
  public static final long kvm_sregs$ss = 120;
  public static final long kvm_sregs$tr = 144;
  public static final long kvm_sregs$ldt = 168;
  public static final long kvm_sregs$gdt = 192;
  public static final long kvm_sregs$idt = 208;
  public static final long kvm_sregs$cr0 = 224;
  public static final long kvm_sregs$cr2 = 232;
  public static final long kvm_sregs$cr3 = 240;
  public static final long kvm_sregs$cr4 = 248;
  public static final long kvm_sregs$efer = 264;
  public static final long kvm_sregs$interrupt_bitmap = 280;

  public static final long kvm_run$exit_reason = 8;
  public static final long kvm_run$io$direction = 32;
  public static final long kvm_run$io$size = 33;
  public static final long kvm_run$io$port = 34;
  public static final long kvm_run$fail_entry$hardware_entry_failure_reason = 32;
  public static final long kvm_run$internal$suberror = 32;
  public static final long kvm_run$mmio$phys_addr = 32;
  public static final long kvm_run$kvm_valid_regs = 288;
  public static final long kvm_run$kvm_dirty_regs = 296;
  public static final long kvm_run$s$regs$regs = 304;
  public static final long kvm_run$s$regs$sregs = 448;

  public static final long kvm_userspace_memory_region$sizeof = 32;
  public static final long kvm_userspace_memory_region$slot = 0;
  public static final long kvm_userspace_memory_region$flags = 4;
  public static final long kvm_userspace_memory_region$guest_phys_addr = 8;
  public static final long kvm_userspace_memory_region$memory_size = 16;
  public static final long kvm_userspace_memory_region$userspace_addr = 24;

  public static final long kvm_cpuid2$nent = 0;
  public static final long kvm_cpuid2$entries = 8;
  public static final long kvm_cpuid_entry2$sizeof = 40;
  public static final long kvm_cpuid_entry2$function = 0;
  public static final long kvm_cpuid_entry2$index = 4;
  public static final long kvm_cpuid_entry2$eax = 12;
  public static final long kvm_cpuid_entry2$ebx = 16;
  public static final long kvm_cpuid_entry2$ecx = 20;
  public static final long kvm_cpuid_entry2$edx = 24;

  public static final long kvm_msrs$nmsrs = 0;
  public static final long kvm_msrs$entries = 8;
  public static final long kvm_msr_entry$sizeof = 16;
  public static final long kvm_msr_entry$index = 0;
  public static final long kvm_msr_entry$data = 8;

  public static final long kvm_xcrs$sizeof = 392;
  public static final long kvm_xcrs$nr_xcrs = 0;
  public static final long kvm_xcrs$xcrs = 8;
  public static final long kvm_xcr$value = 8;

  public static final long kvm_xsave$sizeof = 4096;

  public static final long kvm_vcpu_events$sizeof = 64;
  public static final long kvm_vcpu_events$exception$injected = 0;
  public static final long kvm_vcpu_events$exception$nr = 1;
  public static final long kvm_vcpu_events$exception$pending = 3;

  public static final long kvm_mp_state$sizeof = 4;
  public static final long kvm_mp_state$mp_state = 0;

  public static final long kvm_signal_mask$sizeof = 4;
  public static final long kvm_signal_mask$len = 0;
  public static final long kvm_signal_mask$sigset = 4;

  private KvmAbi() {}
}
