package org.biscotti.kernel.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallTable;
import org.biscotti.kernel.task.Interruption;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyscallDocsTest {
  @Test
  @Tag("check")
  void thePageIsUpToDate() throws IOException {
    Path page = Path.of(System.getProperty("biscotti.home"), "docs", "syscalls.md");
    assertThat(page).as("run: make docs").exists();
    assertThat(Files.readString(page).equals(SyscallDocs.page(new SyscallTable().rows())))
        .as("docs/syscalls.md says what SyscallTable has; if not, run: make docs")
        .isTrue();
  }

  @Test
  void writesThePage(@TempDir Path directory) throws IOException {
    Path page = directory.resolve("docs/syscalls.md");
    SyscallDocs.main(new String[] {page.toString()});
    assertThat(Files.readString(page))
        .startsWith("# System calls\n")
        .contains("| `getpid` | full |");
  }

  @Test
  void notesCannotBreakTheTable() {
    Syscall row =
        new Syscall(
            7,
            "x",
            (t, a, b, c, d, e, f) -> 0,
            "",
            Syscall.Support.PARTIAL,
            "a|b <c> *d* E_F",
            Interruption.RESTARTS);
    assertThat(SyscallDocs.page(List.of(row)))
        .contains("| partial | 1 | ")
        .endsWith("| 7 | `x` | partial | a\\|b &lt;c> \\*d\\* E\\_F |\n");
  }
}
