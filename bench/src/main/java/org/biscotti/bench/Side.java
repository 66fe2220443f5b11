package org.biscotti.bench;

import java.io.IOException;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kvm.HostCpus;

/** Where the program under measurement runs, when it works with files. */
public enum Side {
  /** In the guest; an idle vCPU may answer its calls. */
  GUEST,
  /** On this host's Linux. */
  NATIVE;

  private static final long MEMORY_BYTES = 256L << 20;

  /** Starts the program, with its files in memory. */
  Subject open() throws IOException {
    return switch (this) {
      case GUEST ->
          GuestSubject.on(
              MEMORY_BYTES, HostCpus.allowed().length, Policies.ADAPTIVE, Exitless.AUTO);
      case NATIVE -> ProcessSubject.bell(Tmpfs.directory());
    };
  }
}
