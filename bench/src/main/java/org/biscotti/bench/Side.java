package org.biscotti.bench;

import java.io.IOException;
import java.util.List;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kvm.HostCpus;
import org.jspecify.annotations.Nullable;

/** Where the program under measurement runs, when it works with files. */
public enum Side {
  /** In the guest as it is by default; an idle vCPU may answer its calls. */
  GUEST(Policies.ADAPTIVE),
  /** In the guest, under this policy of {@code --syscalls}. */
  INLINE(Policies.INLINE),
  /** In the guest, under this policy. */
  THREAD(Policies.THREAD),
  /** In the guest, under this policy. */
  POOL(Policies.POOL),
  /** On this host's Linux. */
  NATIVE(null);

  /** What the default has to stand up to. */
  static final List<Side> OTHERS = List.of(INLINE, THREAD, POOL);

  private static final long MEMORY_BYTES = 256L << 20;

  private final @Nullable Policies policy;

  Side(@Nullable Policies policy) {
    this.policy = policy;
  }

  /** Starts the program, with its files in memory. */
  Subject open() throws IOException {
    return policy == null
        ? ProcessSubject.bell(Tmpfs.directory())
        : GuestSubject.on(MEMORY_BYTES, HostCpus.allowed().length, policy, Exitless.AUTO);
  }
}
