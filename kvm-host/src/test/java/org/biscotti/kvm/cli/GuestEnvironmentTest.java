package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuestEnvironmentTest {
  private static final String PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final Map<String, String> CALLER =
      Map.of("TERM", "xterm", "LANG", "de_DE", "PATH", "/host");

  private static List<String> with(String... settings) {
    return new GuestEnvironment(List.of(settings), CALLER::get).toList();
  }

  @Test
  void isSmallAndTheSameForEverybody() {
    assertThat(with()).containsExactly(PATH, "HOME=/root", "TERM=xterm");
    assertThat(new GuestEnvironment(List.of(), _ -> null).toList())
        .containsExactly(PATH, "HOME=/root");
  }

  @Test
  void takesSettings() {
    assertThat(with("A=b", "EMPTY=", "E=x=y", "HOME=/h", "A=c"))
        .containsExactly(PATH, "HOME=/h", "TERM=xterm", "A=c", "EMPTY=", "E=x=y");
  }

  @Test
  void passesOnWhatTheCallerHas() {
    assertThat(with("LANG", "NOT_THERE"))
        .containsExactly(PATH, "HOME=/root", "TERM=xterm", "LANG=de_DE");
  }

  @Test
  void searchesItsOwnPath() {
    assertThat(new GuestEnvironment(List.of("PATH=/x::/y"), CALLER::get).searchPath())
        .containsExactly("/x", "", "/y");
    assertThat(new GuestEnvironment(List.of("PATH="), CALLER::get).searchPath()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "=", "=value"})
  void refusesSettingsWithoutAName(String setting) {
    assertThatThrownBy(() -> with(setting))
        .isInstanceOf(CommandException.class)
        .hasMessage("--env '" + setting + "' has no name: write NAME=VALUE or NAME");
  }
}
