package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostTextTest {
  /** Prints the bytes of its arguments and of the variable V in hexadecimal. */
  static final class Printer {
    private Printer() {}

    public static void main(String[] arguments) {
      StringBuilder text = new StringBuilder();
      for (String argument : HostText.arguments(arguments)) {
        argument.chars().forEach(c -> text.append("%02x".formatted(c)));
        text.append(' ');
      }
      String variable = HostText.variable("V");
      if (variable != null) {
        variable.chars().forEach(c -> text.append("%02x".formatted(c)));
      }
      System.out.print(text);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8"})
  void keepsEveryByteInEveryLocale(String locale) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    // The shell makes the bytes: this JVM's own locale may not be able to.
    String script =
        "V=$(printf 'v\\344') LC_ALL=%s exec %s -cp '%s' '%s' a \"$(printf '\\303\\274\\377')\" ''"
            .formatted(
                locale, java, System.getProperty("java.class.path"), Printer.class.getName());
    Process process =
        new ProcessBuilder("sh", "-c", script)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertThat(process.waitFor()).isZero();
    assertThat(output).isEqualTo("61 c3bcff  76e4");
  }

  @Test
  void leavesAsciiAlone() {
    assertThat(HostText.arguments(new String[] {"a", "b c"})).isEqualTo(List.of("a", "b c"));
    assertThat(HostText.decode(HostText.encode("/tmp/x"))).isEqualTo("/tmp/x");
    assertThat(HostText.variable("BISCOTTI_NO_SUCH_VARIABLE")).isNull();
    assertThat(Files.exists(HostText.path("/tmp"))).isTrue();
  }

  @Test
  void refusesPathsThatTheJvmCannotHave() {
    assertThatThrownBy(() -> HostText.path("a\0b"))
        .isInstanceOf(CommandException.class)
        .hasMessageEndingWith("set LC_ALL=C.UTF-8");
  }
}
