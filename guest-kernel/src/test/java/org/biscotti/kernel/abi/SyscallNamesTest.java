package org.biscotti.kernel.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyscallNamesTest {
  @Test
  void namesAndNumbersAreTheHeaders(@TempDir Path directory) throws Exception {
    StringBuilder source = new StringBuilder("#include <stdio.h>\n#include <asm/unistd_64.h>\n");
    source.append("int main(void) {\n");
    for (int number = 0; number < SyscallNames.count(); number++) {
      String name = SyscallNames.of(number);
      if (name != null) {
        source.append(
            "#ifdef __NR_%1$s\nprintf(\"%%d %1$s\\n\", __NR_%1$s);\n#endif\n".formatted(name));
      }
    }
    var lines = CProbe.run(directory, source.append("return 0; }\n").toString());
    assertThat(lines).hasSizeGreaterThan(300);
    for (String line : lines) {
      int blank = line.indexOf(' ');
      int number = Integer.parseInt(line.substring(0, blank));
      assertThat(SyscallNames.of(number)).isEqualTo(line.substring(blank + 1));
    }
  }

  @Test
  void theTableUsesThem() {
    for (Syscall row : new SyscallTable().rows()) {
      assertThat(SyscallNames.of(row.number())).isEqualTo(row.name());
    }
  }

  @Test
  void otherNumbersHaveNone() {
    assertThat(SyscallNames.of(335)).isNull();
    assertThat(SyscallNames.of(-1)).isNull();
    assertThat(SyscallNames.of(SyscallNames.count())).isNull();
    assertThat(SyscallNames.of(Long.MIN_VALUE)).as("lower half zero").isEqualTo("read");
  }
}
