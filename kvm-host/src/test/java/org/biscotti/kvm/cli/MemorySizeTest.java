package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemorySizeTest {
  @ParameterizedTest
  @CsvSource({
    "512M, 536870912",
    "512m, 536870912",
    "512MiB, 536870912",
    "1G, 1073741824",
    "16GiB, 17179869184",
    "16gb, 17179869184",
    "4T, 4398046511104",
    "16777216, 16777216",
    "16777216B, 16777216",
    "16384K, 16777216",
  })
  void readsSizes(String text, long bytes) {
    assertThat(MemorySize.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|'' is not a size: write 512M, 1G or 16GiB",
        "G|'G' is not a size: write 512M, 1G or 16GiB",
        "-1G|'-1G' is not a size: write 512M, 1G or 16GiB",
        "1.5G|'1.5G' is not a size: write 512M, 1G or 16GiB",
        "1 G|'1 G' is not a size: write 512M, 1G or 16GiB",
        "1P|'1P' is not a size: write 512M, 1G or 16GiB",
        "512|512 is too little: at least 16 MiB",
        "15M|15M is too little: at least 16 MiB",
        "5T|5T is too much: at most 4 TiB",
        "99999999999999999999999T|99999999999999999999999T is too much: at most 4 TiB",
        "9223372036854775807|9223372036854775807 is too much: at most 4 TiB",
        "20000001|20000001 is no multiple of a page's 4096 bytes",
      },
      quoteCharacter = '"')
  void saysWhatIsWrong(String text, String message) {
    String word = text.equals("''") ? "" : text;
    assertThatThrownBy(() -> MemorySize.parse(word))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource({"1073741824, 1 GiB", "1610612736, 1536 MiB", "4097, 4097 bytes", "0, 0 bytes"})
  void formats(long bytes, String text) {
    assertThat(MemorySize.format(bytes)).isEqualTo(text);
  }
}
