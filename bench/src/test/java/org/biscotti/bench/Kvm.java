package org.biscotti.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** What integration tests need. */
public final class Kvm {
  private Kvm() {}

  /** Ends the test without KVM: it is skipped, or fails where that is asked for. */
  public static void need() {
    Path device = Path.of("/dev/kvm");
    boolean usable = Files.isReadable(device) && Files.isWritable(device);
    if (Boolean.getBoolean("biscotti.requireKvm")) {
      assertThat(usable).as(device + " is usable").isTrue();
    }
    assumeTrue(usable, device + " is not usable");
  }
}
