package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MountSpecTest {
  @ParameterizedTest
  @CsvSource({
    "/a:/b, /a, /b, false",
    "/a:/b:rw, /a, /b, true",
    "/a:/b:ro, /a, /b, false",
    "a/b:/c//d/, a/b, /c/d, false",
  })
  void readsMounts(String text, Path host, String guest, boolean writable) {
    assertThat(MountSpec.parse(text)).isEqualTo(new MountSpec(host, guest, writable));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/a|write HOST:GUEST or HOST:GUEST:rw",
        ":/b|write HOST:GUEST or HOST:GUEST:rw",
        "/a:|write HOST:GUEST or HOST:GUEST:rw",
        "/a::rw|write HOST:GUEST or HOST:GUEST:rw",
        "/a:b|the path in the guest must start with /",
        "/a:/b:rx|after HOST:GUEST only :rw or :ro can follow",
        "/a:/b:rw:ro|after HOST:GUEST only :rw or :ro can follow",
        "/a:/b/../c|the path in the guest must not have . or .. in it",
        "/a:/./c|the path in the guest must not have . or .. in it",
        "/a:/|for the guest's root directory there is --root",
      })
  void saysWhatIsWrong(String text, String advice) {
    assertThatThrownBy(() -> MountSpec.parse(text))
        .isInstanceOf(CommandException.class)
        .hasMessage("--mount " + text + ": " + advice);
  }
}
