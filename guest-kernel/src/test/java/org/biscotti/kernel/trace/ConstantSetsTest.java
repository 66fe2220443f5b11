package org.biscotti.kernel.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.abi.CProbe;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConstantSetsTest {
  private static final String HEADERS =
      """
      #define _GNU_SOURCE
      #include <stdio.h>
      #include <asm/prctl.h>
      #include <asm/termbits.h>
      #include <fcntl.h>
      #include <linux/capability.h>
      #include <linux/close_range.h>
      #include <linux/falloc.h>
      #include <linux/fs.h>
      #include <linux/futex.h>
      #include <linux/magic.h>
      #include <linux/membarrier.h>
      #include <linux/memfd.h>
      #include <linux/openat2.h>
      #include <linux/prctl.h>
      #include <linux/random.h>
      #include <poll.h>
      #include <sched.h>
      #include <signal.h>
      #include <sys/file.h>
      #include <netinet/in.h>
      #include <sys/wait.h>
      #include <sys/ioctl.h>
      #include <sys/mman.h>
      #include <sys/ptrace.h>
      #include <sys/resource.h>
      #include <sys/socket.h>
      #include <sys/stat.h>
      #include <sys/statvfs.h>
      #include <sys/time.h>
      #include <sys/xattr.h>
      #include <time.h>
      #include <unistd.h>
      int main(void) {
      """;

  /**
   * The C library's view of these differs from the kernel's: O_LARGEFILE is 0 for 64-bit programs,
   * SA_RESTORER is not for programs.
   */
  private static final List<String> KERNEL_ONLY = List.of("O_LARGEFILE");

  @Test
  void valuesAreTheHeaders(@TempDir Path directory) throws Exception {
    Map<String, Long> constants = new LinkedHashMap<>();
    ConstantSets.all().forEach(set -> constants.putAll(set.constants()));
    KERNEL_ONLY.forEach(constants::remove);
    StringBuilder source = new StringBuilder(HEADERS);
    for (String name : constants.keySet()) {
      source.append(
          "#ifdef %1$s\nprintf(\"%1$s %%ld\\n\", (long) %1$s);\n#endif\n".formatted(name));
    }
    List<String> lines = CProbe.run(directory, source.append("return 0; }\n").toString());
    assertThat(lines).as("constants that the headers have").hasSizeGreaterThan(350);
    for (String line : lines) {
      int blank = line.indexOf(' ');
      String name = line.substring(0, blank);
      assertThat(constants.get(name).intValue())
          .as(name)
          .isEqualTo((int) Long.parseLong(line.substring(blank + 1)));
    }
  }

  @Test
  void flagsWithoutANameAreNumbers() {
    ConstantSet set = new ConstantSet("X_???", "X_A=1 X_B=02 X_AB4=7");
    assertThat(flags(set, 0)).isEqualTo("0");
    assertThat(flags(set, 3)).isEqualTo("X_A|X_B");
    assertThat(flags(set, 0x12)).isEqualTo("X_B|0x10");
    assertThat(flags(set, 0x30)).isEqualTo("0x30 /* X_??? */");
    assertThat(flags(new ConstantSet("", "X_AB4=7 X_A=1 X_B=2"), 7)).isEqualTo("X_AB4");
    assertThat(flags(new ConstantSet("", "X_NONE=0 X_A=1"), 0)).isEqualTo("X_NONE");
  }

  private static String flags(ConstantSet set, long value) {
    CallText out = new CallText();
    set.printFlags(out, value);
    return out.toString();
  }
}
