package org.biscotti.kernel.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErrnoTextTest {
  @Test
  void sayWhatTheLibrarySays(@TempDir Path directory) throws Exception {
    List<String> lines =
        CProbe.run(
            directory,
            """
            #include <stdio.h>
            #include <string.h>
            int main(void) {
              for (int i = 1; i < %d; i++) puts(strerror(i));
              return 0;
            }
            """
                .formatted(Errno.count()));
    for (int errno = 1; errno < Errno.count(); errno++) {
      String said = lines.get(errno - 1);
      String text = ErrnoText.of(errno);
      assertThat(text == null ? "Unknown error " + errno : text).isEqualTo(said);
    }
  }

  @Test
  void everyNamedErrorHasAText() {
    for (int errno = 1; errno < Errno.count(); errno++) {
      boolean named = !Errno.name(errno).equals(Integer.toString(errno));
      assertThat(ErrnoText.of(errno) != null).as("text of %d", errno).isEqualTo(named);
    }
    assertThat(ErrnoText.of(0)).isNull();
    assertThat(ErrnoText.of(-1)).isNull();
    assertThat(ErrnoText.of(Errno.MAX_ERRNO)).isNull();
  }
}
