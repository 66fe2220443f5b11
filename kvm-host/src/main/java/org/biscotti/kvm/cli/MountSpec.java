package org.biscotti.kvm.cli;

import java.nio.file.Path;
import java.util.List;

/**
 * One {@code --mount HOST:GUEST[:rw]}.
 *
 * @param host directory of the host
 * @param guest absolute path in the guest, without a slash at the end
 * @param writable whether the guest may change what is in it
 */
record MountSpec(Path host, String guest, boolean writable) {
  /**
   * Reads the option's value, a string of bytes.
   *
   * @throws CommandException if it is none
   */
  static MountSpec parse(String text) {
    List<String> fields = List.of(text.split(":", -1));
    if (fields.size() < 2 || fields.get(0).isEmpty() || fields.get(1).isEmpty()) {
      throw bad(text, "write HOST:GUEST or HOST:GUEST:rw");
    }
    boolean writable = false;
    if (fields.size() > 2) {
      String mode = fields.get(2);
      writable = mode.equals("rw");
      if (fields.size() > 3 || !(writable || mode.equals("ro"))) {
        throw bad(text, "after HOST:GUEST only :rw or :ro can follow");
      }
    }
    return new MountSpec(HostText.path(fields.get(0)), guestPath(text, fields.get(1)), writable);
  }

  private static String guestPath(String text, String path) {
    if (!path.startsWith("/")) {
      throw bad(text, "the path in the guest must start with /");
    }
    StringBuilder clean = new StringBuilder();
    for (String name : path.split("/", -1)) {
      if (name.equals("..") || name.equals(".")) {
        throw bad(text, "the path in the guest must not have . or .. in it");
      }
      if (!name.isEmpty()) {
        clean.append('/').append(name);
      }
    }
    if (clean.isEmpty()) {
      throw bad(text, "for the guest's root directory there is --root");
    }
    return clean.toString();
  }

  private static CommandException bad(String text, String advice) {
    return new CommandException("--mount " + HostText.decode(text) + ": " + advice);
  }
}
