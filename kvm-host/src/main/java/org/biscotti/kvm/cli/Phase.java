package org.biscotti.kvm.cli;

import java.util.Locale;

/** What smallfile measures: its three phases, and all of them together. */
enum Phase {
  CREATE,
  READ,
  UNLINK,
  TOTAL;

  /** As it stands in smallfile's output, in tables and in JSON. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
