package org.biscotti.kernel.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.biscotti.kernel.exec.ElfBuilder.ET_DYN;
import static org.biscotti.kernel.exec.ElfBuilder.ET_EXEC;
import static org.biscotti.kernel.exec.ElfBuilder.PT_GNU_STACK;
import static org.biscotti.kernel.exec.ElfBuilder.PT_INTERP;
import static org.biscotti.kernel.exec.ElfBuilder.PT_LOAD;
import static org.biscotti.kernel.exec.ElfBuilder.R;
import static org.biscotti.kernel.exec.ElfBuilder.W;
import static org.biscotti.kernel.exec.ElfBuilder.X;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.Layout;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ElfFileTest {
  private static ElfFile parse(byte[] file) {
    return ElfFile.parse((offset, to, at, length) -> ElfBuilder.read(file, offset, to, at, length));
  }

  private static ElfFile parse(ElfBuilder builder) {
    return parse(builder.build());
  }

  private static void assertFails(int errno, byte[] file) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(() -> parse(file))
        .withMessage(Errno.name(errno));
  }

  private static void assertFails(int errno, ElfBuilder builder) {
    assertFails(errno, builder.build());
  }

  private static ByteBuffer edit(byte[] file) {
    return ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void readsAnOrdinaryProgram() {
    ElfFile elf = parse(ElfBuilder.ordinary().interpreter("/lib/ld.so"));
    assertThat(elf.relocatable()).isFalse();
    assertThat(elf.entry()).isEqualTo(0x400100);
    assertThat(elf.headerCount()).isEqualTo(3);
    assertThat(elf.headersAddress()).isEqualTo(0x400040);
    assertThat(elf.interpreter()).isEqualTo("/lib/ld.so");
    assertThat(elf.executableStack()).isFalse();
    assertThat(elf.alignment()).isEqualTo(0x1000);
    assertThat(elf.start()).isEqualTo(0x400000);
    assertThat(elf.end()).isEqualTo(0x404434);
    assertThat(elf.segments())
        .containsExactly(
            new ElfFile.Segment(0x400000, 0, 0x1000, 0x1000, R | X),
            new ElfFile.Segment(0x402234, 0x1234, 0x100, 0x2200, R | W));
  }

  @Test
  void readsTheJavaLauncher() throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    byte[] file = Files.readAllBytes(java);
    Assumptions.assumeTrue(file[18] == 62, "this JDK is not for x86-64");
    ElfFile elf = parse(file);
    assertThat(elf.interpreter()).startsWith("/lib");
    assertThat(elf.headersAddress()).isNotZero();
  }

  @Test
  void theFirstInterpreterCounts() {
    assertThat(parse(ElfBuilder.ordinary().interpreter("/a").interpreter("/b")).interpreter())
        .isEqualTo("/a");
  }

  @Test
  void anInterpreterEndsAtItsFirstNul() {
    assertThat(parse(ElfBuilder.ordinary().interpreter("/a\0b")).interpreter()).isEqualTo("/a");
  }

  @Test
  void stackIsExecutableOnlyOnDemand() {
    assertThat(parse(ElfBuilder.ordinary()).executableStack()).isFalse();
    assertThat(
            parse(ElfBuilder.ordinary().header(PT_GNU_STACK, R | W | X, 0, 0, 0, 0, 16))
                .executableStack())
        .isTrue();
    assertThat(
            parse(ElfBuilder.ordinary().header(PT_GNU_STACK, R | W, 0, 0, 0, 0, 16))
                .executableStack())
        .isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "0x0, 0x1000",
    "0x1, 0x1000",
    "0x200000, 0x200000",
    "0x3000, 0x1000",
    "0x4000000000000000," + " 0x4000000000000000",
    "-0x8000000000000000, 0x1000",
    "-1, 0x1000",
  })
  void alignmentIsThePowerOfTwoAskedForOrAPage(String asked, String expected) {
    ElfBuilder builder =
        new ElfBuilder(ET_DYN).header(PT_LOAD, R, 0, 0, 0x200, 0x200, Long.decode(asked));
    assertThat(parse(builder.fill(0x200)).alignment()).isEqualTo(Long.decode(expected));
  }

  @Test
  void emptySegmentsAreIgnored() {
    ElfBuilder builder = ElfBuilder.ordinary().load(R, 0, 0x400010, 0, 0);
    assertThat(parse(builder).segments()).hasSize(2);
  }

  @Test
  void headersOutsideOfAllSegmentsHaveNoAddress() {
    ElfBuilder builder = new ElfBuilder(ET_EXEC).load(R, 0x1000, 0x400000, 0x100, 0x100);
    assertThat(parse(builder.fill(0x1100)).headersAddress()).isZero();
  }

  @Test
  void segmentsMayShareAPageButNoByte() {
    ElfBuilder builder =
        new ElfBuilder(ET_EXEC)
            .load(R | X, 0, 0x400000, 0x800, 0x800)
            .load(R | W, 0x800, 0x400800, 0x800, 0x800)
            .fill(0x1000);
    assertThat(parse(builder).segments()).hasSize(2);
    assertFails(Errno.ENOEXEC, ElfBuilder.ordinary().load(R, 0, 0x400000, 0x1000, 0x1000));
    assertFails(Errno.ENOEXEC, ElfBuilder.ordinary().load(R, 0xfff, 0x400fff, 1, 1));
    assertFails(Errno.ENOEXEC, ElfBuilder.ordinary().load(R, 0, 0x404433, 0, 1));
    assertThat(parse(ElfBuilder.ordinary().load(R, 0, 0x404434, 0, 1)).segments()).hasSize(3);
  }

  @Test
  void everyTruncationOfTheHeadersFails() {
    byte[] file = new ElfBuilder(ET_EXEC).load(R, 0, 0x400000, 0x78, 0x78).build();
    assertThat(file).hasSize(64 + 56);
    assertThat(parse(file).segments()).hasSize(1);
    for (int length = 0; length < file.length; length++) {
      assertFails(Errno.ENOEXEC, Arrays.copyOf(file, length));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0x7e", "1, 0", "4, 1", "4, 0", "5, 2", "5, 0", "16, 0", "16, 1", "16, 4", "18, 3", "18, 40",
    "19, 1", "54, 55", "54, 57", "55, 1", "56, 0",
  })
  void wrongHeaderBytesAreNoProgram(int at, String value) {
    byte[] file = ElfBuilder.ordinary().build();
    file[at] = Integer.decode(value).byteValue();
    assertFails(Errno.ENOEXEC, file);
  }

  @Test
  void programHeadersAreLimitedTo64KiB() {
    ElfBuilder builder = new ElfBuilder(ET_EXEC).load(R, 0, 0x400000, 0x78, 0x78);
    for (int i = 1; i < 1170; i++) {
      builder.header(7, 0, 0, 0, 0, 0, 0);
    }
    assertThat(parse(builder).headerCount()).isEqualTo(1170);
    assertFails(Errno.ENOEXEC, builder.header(7, 0, 0, 0, 0, 0, 0));
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 100, 1 << 20})
  void programHeadersFarAwayFail(long offset) {
    byte[] file = ElfBuilder.ordinary().build();
    edit(file).putLong(32, offset);
    assertFails(Errno.ENOEXEC, file);
  }

  @Test
  void aProgramWithoutSegmentsFails() {
    assertFails(Errno.EINVAL, new ElfBuilder(ET_EXEC).header(PT_GNU_STACK, R, 0, 0, 0, 0, 0));
    assertFails(Errno.EINVAL, new ElfBuilder(ET_DYN).load(R, 0, 0, 0, 0));
  }

  @Test
  void moreInTheFileThanInMemoryFails() {
    assertFails(Errno.EINVAL, new ElfBuilder(ET_EXEC).load(R, 0, 0x400000, 2, 1));
    assertFails(Errno.EINVAL, new ElfBuilder(ET_EXEC).load(R, 0, 0x400000, -1, 0x1000));
  }

  @Test
  void offsetAndAddressMustAgree() {
    assertFails(Errno.EINVAL, new ElfBuilder(ET_EXEC).load(R, 1, 0x400000, 16, 16));
    assertFails(Errno.EINVAL, new ElfBuilder(ET_EXEC).load(R, 0, 0x400010, 16, 16));
    ElfBuilder nothingFromFile = new ElfBuilder(ET_EXEC).load(R, 1, 0x400000, 0, 16);
    assertThat(parse(nothingFromFile).segments()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "0x7f8000000000, 1",
    "-1, 1",
    "-0x1000, 0x1000",
    "-0x1000, 0x2000",
    "0x400000, -1",
    "0x400000, 0x7fffffffffffffff",
    "0x400000, 0x7f8000000000",
    "0x7f7ffffff000, 0x1001",
    "-0x8000000000000000, 0x1000",
    "0x400000, -0x400000",
  })
  void addressesThatNobodyCanOwnAreNoMemory(String address, String size) {
    ElfBuilder builder =
        new ElfBuilder(ET_EXEC).load(R, 0, Long.decode(address), 0, Long.decode(size));
    assertFails(Errno.ENOMEM, builder);
  }

  @Test
  void theLastAddressCanBeUsed() {
    ElfBuilder builder = new ElfBuilder(ET_EXEC).load(R, 0, Layout.USER_END - 0x1000, 0, 0x1000);
    assertThat(parse(builder).end()).isEqualTo(Layout.USER_END);
  }

  @ParameterizedTest
  @ValueSource(longs = {-0x1000, Long.MIN_VALUE, 0x7fff_ffff_ffff_f000L})
  void fileOffsetsThatOverflowFail(long offset) {
    assertFails(Errno.EINVAL, new ElfBuilder(ET_EXEC).load(R, offset, 0x400000, 0x1000, 0x1000));
  }

  @ParameterizedTest
  @CsvSource({
    "0x800, 0, ENOEXEC", "0x800, 1, ENOEXEC", "0x800, 4097, ENOEXEC", "0x800, -1, ENOEXEC",
    "0x800, 0x100000002, ENOEXEC", "0x800, 4, ENOEXEC", "0x10000, 8, EIO", "-1, 8, EIO",
    "0x7fffffffffffffff, 8, EIO",
  })
  void badInterpreterPathsFail(String offset, String size, String errno) {
    ElfBuilder builder =
        ElfBuilder.ordinary().header(PT_INTERP, R, Long.decode(offset), 0, Long.decode(size), 0, 1);
    int expected = errno.equals("EIO") ? Errno.EIO : Errno.ENOEXEC;
    assertFails(expected, builder);
  }

  @Test
  void noMutationOfARealHeaderDoesAnythingButFailOrGiveSaneNumbers() throws IOException {
    byte[] real = Files.readAllBytes(Path.of(System.getProperty("java.home"), "bin", "java"));
    byte[] start = Arrays.copyOf(real, Math.min(real.length, 4096));
    Random random = new Random(20250101);
    int good = 0;
    for (int round = 0; round < 200_000; round++) {
      byte[] file = ElfMutator.mutate(start, random);
      try {
        assertSane(parse(file));
        good++;
      } catch (ErrnoException expected) {
        assertThat(expected.errno()).isPositive();
      }
    }
    assertThat(good).isBetween(1000, 199_000);
  }

  private static void assertSane(ElfFile elf) {
    if (elf.start() < 0 || elf.end() > Layout.USER_END || elf.start() >= elf.end()) {
      throw new AssertionError("range " + elf.start() + " to " + elf.end());
    }
    for (ElfFile.Segment segment : elf.segments()) {
      if (segment.fileSize() < 0
          || segment.fileSize() > segment.memorySize()
          || segment.end() > elf.end()
          || (segment.fileSize() != 0 && segment.offset() + segment.fileSize() < 0)) {
        throw new AssertionError(segment.toString());
      }
    }
  }
}
