package org.biscotti.kvm;

import java.util.List;

/**
 * Whether programs can tell time by the time-stamp counter: it must be the same on every vCPU, and
 * be what KVM says it is, because that is how the clock is corrected later on.
 */
final class TscCheck {
  /** More than the errors of two measurements explain. */
  private static final double TOLERANCE_NANOS = 2_000;

  private TscCheck() {}

  /**
   * How far a vCPU's counter, in nanoseconds, is ahead of the host's monotonic clock.
   *
   * @param nanos as RDTSC in ring 3 shows it
   * @param errorNanos how far that may be off
   * @param viaKvmNanos as KVM shows it
   * @param viaKvmErrorNanos how far that may be off
   */
  record Offset(double nanos, double errorNanos, double viaKvmNanos, double viaKvmErrorNanos) {
    boolean agreesWithKvm() {
      return Math.abs(nanos - viaKvmNanos) <= errorNanos + viaKvmErrorNanos + TOLERANCE_NANOS;
    }

    boolean agreesWith(Offset other) {
      return Math.abs(nanos - other.nanos) <= errorNanos + other.errorNanos + TOLERANCE_NANOS;
    }
  }

  /** Measures a vCPU's counter both ways. */
  static Offset offset(KvmCpu cpu, HostProbe probe) {
    double nanosPerTick = 1e6 / Math.max(cpu.vcpu().tscKilohertz(), 1);
    HostProbe.TscSample inGuest = probe.sampleTsc(cpu);
    HostProbe.TscSample viaKvm = throughKvm(cpu);
    return new Offset(
        inGuest.tsc() * nanosPerTick - inGuest.middleNanos(),
        inGuest.windowNanos() / 2.0,
        viaKvm.tsc() * nanosPerTick - viaKvm.middleNanos(),
        viaKvm.windowNanos() / 2.0);
  }

  private static HostProbe.TscSample throughKvm(KvmCpu cpu) {
    long before = System.nanoTime();
    long tsc = cpu.timestampCounter();
    return new HostProbe.TscSample(tsc, before, System.nanoTime());
  }

  /** True if all counters are one, and KVM's view of each is right. */
  static boolean agree(List<Offset> offsets) {
    return offsets.stream().allMatch(o -> o.agreesWithKvm() && o.agreesWith(offsets.getFirst()));
  }
}
