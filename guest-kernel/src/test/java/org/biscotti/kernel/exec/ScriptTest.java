package org.biscotti.kernel.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import org.biscotti.kernel.abi.ErrnoException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All of it as observed on Linux 6.18. */
class ScriptTest {
  private static Script parse(String head) {
    byte[] bytes = head.getBytes(StandardCharsets.ISO_8859_1);
    return Script.parse(bytes, bytes.length);
  }

  private static void assertFails(String errno, String head) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(() -> parse(head))
        .withMessage(errno);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "#", "# !/bin/sh\n", "\u007fELF", " #!/bin/sh\n"})
  void otherFilesAreNoScripts(String head) {
    assertThat(parse(head)).isNull();
  }

  @Test
  void theRestOfTheLineIsOneArgument() {
    assertThat(parse("#!/bin/sh\nx")).isEqualTo(new Script("/bin/sh", null));
    assertThat(parse("#! \t/bin/sh a b  c \t\nx")).isEqualTo(new Script("/bin/sh", "a b  c"));
    assertThat(parse("#!/bin/sh \t \n")).isEqualTo(new Script("/bin/sh", null));
    assertThat(parse("#!/bin/sh\t-e\n")).isEqualTo(new Script("/bin/sh", "-e"));
    assertThat(parse("#!/bin/sh\r\n")).isEqualTo(new Script("/bin/sh\r", null));
    assertThat(parse("#!/b\u00e4n/sh\n")).isEqualTo(new Script("/b\u00e4n/sh", null));
  }

  @Test
  void aShortFileNeedsNoNewline() {
    assertThat(parse("#!/bin/sh")).isEqualTo(new Script("/bin/sh", null));
    assertThat(parse("#!/bin/sh q ")).isEqualTo(new Script("/bin/sh", "q "));
  }

  @Test
  void stringsEndAtANul() {
    assertThat(parse("#!/bin/sh a b\0c d\nx")).isEqualTo(new Script("/bin/sh", "a b"));
    assertThat(parse("#!/bin/sh\0 a b\n")).isEqualTo(new Script("/bin/sh", null));
    assertThat(parse("#!/bin/sh a \0b\n")).isEqualTo(new Script("/bin/sh", "a "));
  }

  @Test
  void aLineWithoutInterpreterFails() {
    assertFails("ENOEXEC", "#!\n");
    assertFails("ENOEXEC", "#!   \n/bin/sh\n");
    assertFails("ENOEXEC", "#!" + " ".repeat(300) + "/bin/sh\n");
    assertFails("EACCES", "#!");
    assertFails("EACCES", "#!   ");
    assertFails("EACCES", "#!\0/bin/sh\n");
    assertFails("EACCES", "#!  \0\n");
  }

  @Test
  void theNameMustNotBeCutOff() {
    String name = "/".repeat(253);
    assertThat(parse("#!" + name)).isEqualTo(new Script(name, null));
    assertThat(parse("#!" + name + "\n")).isEqualTo(new Script(name, null));
    assertThat(parse("#!" + name + " arg\n")).isEqualTo(new Script(name, null));
    assertFails("ENOEXEC", "#!/" + name);
    assertFails("ENOEXEC", "#!/" + name + "\n");
    assertFails("ENOEXEC", "#!/" + name + " arg\n");
  }

  @Test
  void theArgumentMayBeCutOff() {
    String start = "#!/bin/sh ";
    String fits = "y".repeat(255 - start.length());
    assertThat(parse(start + fits + "\n")).isEqualTo(new Script("/bin/sh", fits));
    assertThat(parse(start + fits + "z\n")).isEqualTo(new Script("/bin/sh", fits));
    String blanks = "y".repeat(253 - start.length());
    assertThat(parse(start + blanks + "   z\n")).isEqualTo(new Script("/bin/sh", blanks));
  }
}
