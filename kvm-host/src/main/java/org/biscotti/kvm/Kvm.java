package org.biscotti.kvm;

import static org.biscotti.kvm.ffi.KvmAbi.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kvm.ffi.CallState;
import org.biscotti.kvm.ffi.Libc;

/**
 * The KVM subsystem: {@code /dev/kvm}, opened and checked.
 *
 * <p>Source: Documentation/virt/kvm/api.rst of the Linux kernel.
 */
public final class Kvm implements AutoCloseable {
  /** The device. */
  public static final String DEVICE = "/dev/kvm";

  /** Values of XCR0, the best first: with AVX-512, with AVX, with SSE. */
  static final long[] VECTOR_FEATURES = {0xe7, 7, 3};

  /** CPUID leaf that describes the XSAVE area, and the part of it that is always there. */
  private static final int VECTOR_LEAF = 0xd;

  private static final int LEGACY_VECTOR_BYTES = 576;

  /** Room for this many CPUID entries; KVM_MAX_CPUID_ENTRIES in Linux is 256. */
  private static final int CPUID_ENTRIES = 256;

  private final Arena arena = Arena.ofShared();
  private final CallState state = new CallState(arena);
  private final int fd;

  private Kvm(int fd) {
    this.fd = fd;
  }

  /**
   * Opens the device.
   *
   * @throws KvmException if there is no device, no permission, or it lacks something we need
   */
  public static Kvm open() {
    return open(DEVICE);
  }

  /** Opens a device that is to be KVM's. */
  static Kvm open(String device) {
    try (Arena arena = Arena.ofConfined()) {
      CallState state = new CallState(arena);
      int fd = Libc.open(state, device, Libc.O_RDWR | Libc.O_CLOEXEC);
      if (fd < 0) {
        throw new KvmException(cannotOpen(state.errno()));
      }
      Kvm kvm = new Kvm(fd);
      try {
        kvm.check();
      } catch (KvmException e) {
        kvm.close();
        throw e;
      }
      return kvm;
    }
  }

  static String cannotOpen(int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
          "no /dev/kvm: enable virtualization in the firmware and load kvm_intel or kvm_amd;"
              + " in a container, pass the device in";
      case Errno.EACCES, Errno.EPERM ->
          "no permission on /dev/kvm: join the group that owns it"
              + " (usually: sudo usermod -aG kvm $USER, then log in again)";
      case Errno.EBUSY ->
          "/dev/kvm is busy: another hypervisor holds the processor's virtualization";
      default -> "cannot open /dev/kvm: " + Errno.name(errno);
    };
  }

  private void check() {
    int version = Libc.ioctl(state, fd, KVM_GET_API_VERSION, 0);
    if (version < 0) {
      throw new KvmException("/dev/kvm is not KVM's device: " + Errno.name(state.errno()));
    }
    if (version != KVM_API_VERSION) {
      throw new KvmException("/dev/kvm speaks API version " + version + ", not 12");
    }
    require(KVM_CAP_USER_MEMORY, "user memory");
    require(KVM_CAP_XSAVE, "XSAVE state");
    require(KVM_CAP_XCRS, "extended control registers");
    int sync = extension(KVM_CAP_SYNC_REGS);
    int needed = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    if ((sync & needed) != needed) {
      throw new KvmException(
          "this KVM has no synchronized registers: Linux 4.17 or newer is needed");
    }
  }

  private void require(int capability, String name) {
    if (extension(capability) <= 0) {
      throw new KvmException("this KVM has no support for " + name + ": use a newer Linux kernel");
    }
  }

  /** KVM_CHECK_EXTENSION: 0 if unsupported, else what the capability says. */
  public int extension(int capability) {
    return Libc.ioctl(state, fd, KVM_CHECK_EXTENSION, capability);
  }

  /** The most vCPUs a machine may have. */
  public int maxVcpus() {
    return extension(KVM_CAP_MAX_VCPUS);
  }

  /** Size in bytes of a vCPU's shared {@code struct kvm_run} mapping. */
  long vcpuMapBytes() {
    return Libc.ioctl(state, fd, KVM_GET_VCPU_MMAP_SIZE, 0);
  }

  /**
   * What the processor can offer a guest, as {@code struct kvm_cpuid2}.
   *
   * @param in whose lifetime the answer has
   */
  MemorySegment supportedCpuid(Arena in) {
    MemorySegment cpuid =
        in.allocate(kvm_cpuid2$entries + CPUID_ENTRIES * kvm_cpuid_entry2$sizeof, 8);
    cpuid.set(ValueLayout.JAVA_INT, kvm_cpuid2$nent, CPUID_ENTRIES);
    if (Libc.ioctl(state, fd, KVM_GET_SUPPORTED_CPUID, cpuid.address()) < 0) {
      throw new KvmException("KVM_GET_SUPPORTED_CPUID failed: " + Errno.name(state.errno()));
    }
    return cpuid;
  }

  /** EDX of CPUID leaf 1 as a guest sees it: what AT_HWCAP tells programs (getauxval(3)). */
  long featureBits() {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment cpuid = supportedCpuid(scratch);
      int count = cpuid.get(ValueLayout.JAVA_INT, kvm_cpuid2$nent);
      for (int i = 0; i < count; i++) {
        long at = kvm_cpuid2$entries + i * kvm_cpuid_entry2$sizeof;
        if (cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$function) == 1) {
          return Integer.toUnsignedLong(cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$edx));
        }
      }
      return 0;
    }
  }

  /** Bytes of an XSAVE area in standard form, with what a guest can use on this host. */
  int vectorBytes() {
    try (Arena scratch = Arena.ofConfined()) {
      long supported = 0;
      MemorySegment cpuid = supportedCpuid(scratch);
      for (int i = 0; i < cpuid.get(ValueLayout.JAVA_INT, kvm_cpuid2$nent); i++) {
        long at = kvm_cpuid2$entries + i * kvm_cpuid_entry2$sizeof;
        if (isVectorLeaf(cpuid, at, 0)) {
          supported = cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$eax);
        }
      }
      for (long features : VECTOR_FEATURES) {
        if ((supported & features) == features) {
          return vectorBytes(features);
        }
      }
      return LEGACY_VECTOR_BYTES;
    }
  }

  /** Bytes of an XSAVE area in standard form with these features (SDM vol. 1, 13.2). */
  int vectorBytes(long features) {
    int bytes = LEGACY_VECTOR_BYTES;
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment cpuid = supportedCpuid(scratch);
      for (int i = 0; i < cpuid.get(ValueLayout.JAVA_INT, kvm_cpuid2$nent); i++) {
        long at = kvm_cpuid2$entries + i * kvm_cpuid_entry2$sizeof;
        int feature = cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$index);
        if (feature >= 2 && isVectorLeaf(cpuid, at, feature) && (features >> feature & 1) != 0) {
          int size = cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$eax);
          int offset = cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$ebx);
          bytes = Math.max(bytes, offset + size);
        }
      }
    }
    return bytes;
  }

  private static boolean isVectorLeaf(MemorySegment cpuid, long at, int index) {
    return cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$function) == VECTOR_LEAF
        && cpuid.get(ValueLayout.JAVA_INT, at + kvm_cpuid_entry2$index) == index;
  }

  /** Creates a virtual machine without memory or processors. */
  public Vm createVm() {
    int vm;
    do {
      vm = Libc.ioctl(state, fd, KVM_CREATE_VM, 0);
    } while (vm < 0 && state.errno() == Errno.EINTR);
    if (vm < 0) {
      throw new KvmException("cannot create a virtual machine: " + Errno.name(state.errno()));
    }
    return new Vm(this, vm);
  }

  @Override
  public void close() {
    Libc.close(state, fd);
    arena.close();
  }
}
