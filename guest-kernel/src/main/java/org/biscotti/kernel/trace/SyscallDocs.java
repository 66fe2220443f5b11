package org.biscotti.kernel.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallTable;

/** Writes the page of the documentation that lists the system calls, from their table. */
public final class SyscallDocs {
  private SyscallDocs() {}

  /**
   * Writes the page.
   *
   * @param arguments where to: the path of {@code docs/syscalls.md}
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 1) {
      throw new IllegalArgumentException("one argument is needed: the file to write");
    }
    Path file = Path.of(arguments[0]).toAbsolutePath();
    Files.createDirectories(file.getParent());
    Files.writeString(file, page(new SyscallTable().rows()));
  }

  /** The page in Markdown. */
  static String page(List<Syscall> rows) {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # System calls

        <!-- Generated from SyscallTable.java by "make docs". -->

        Programs make Linux' system calls for x86-64. This page lists those that are known, %d in
        all. Any other number fails with ENOSYS, and the first use of it is logged.

        """
            .formatted(rows.size()));
    Map<Syscall.Support, Integer> counts = new EnumMap<>(Syscall.Support.class);
    rows.forEach(row -> counts.merge(row.support(), 1, Integer::sum));
    page.append("| support | calls | meaning |\n|---|--:|---|\n");
    for (Syscall.Support support : Syscall.Support.values()) {
      page.append(
          "| %s | %d | %s |\n"
              .formatted(word(support), counts.getOrDefault(support, 0), meaning(support)));
    }
    page.append("\n| number | name | support | note |\n|--:|---|---|---|\n");
    for (Syscall row : rows) {
      page.append(
          "| %d | %s | %s | %s |\n"
              .formatted(row.number(), code(row.name()), word(row.support()), text(row.note())));
    }
    return page.toString().replace("|  |\n", "| |\n");
  }

  private static String word(Syscall.Support support) {
    return switch (support) {
      case FULL -> "full";
      case PARTIAL -> "partial";
      case REFUSED -> "refused";
    };
  }

  private static String meaning(Syscall.Support support) {
    return switch (support) {
      case FULL -> "as Linux has it";
      case PARTIAL -> "what programs commonly use; the note says what is missing";
      case REFUSED -> "fails as on a Linux that is built without it";
    };
  }

  private static String code(String name) {
    return "`" + name + "`";
  }

  /** Text in a cell of a table. */
  private static String text(String note) {
    return note.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_");
  }
}
