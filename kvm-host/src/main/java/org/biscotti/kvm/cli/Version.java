package org.biscotti.kvm.cli;

import java.lang.module.ModuleDescriptor;
import org.jspecify.annotations.Nullable;

/** Which Biscotti this is, and on what it runs. */
final class Version {
  private Version() {}

  /** For example {@code biscotti 0.1.0 (OpenJDK 64-Bit Server VM 25.0.1+8-LTS)}. */
  static String line() {
    return "biscotti %s (%s %s)"
        .formatted(
            number(), System.getProperty("java.vm.name"), System.getProperty("java.vm.version"));
  }

  /** The version of this module; outside of a module, as in tests, there is none. */
  static String number() {
    @Nullable ModuleDescriptor descriptor = Version.class.getModule().getDescriptor();
    return descriptor == null ? "(unknown)" : descriptor.rawVersion().orElse("(unknown)");
  }
}
