package org.biscotti.kernel.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.abi.Auxv;
import org.biscotti.kernel.abi.ErrnoException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InitialStackTest {
  private static final long TOP = 0x7f7f_ffff_f000L;
  private static final MachineFeatures MACHINE = new MachineFeatures(0xbfebfbffL, 2, 3632);
  private static final InitialStack.Image IMAGE =
      new InitialStack.Image(0x401000, 0x400040, 13, 0x7f7ff7fc0000L, 0x7f7ff7ffd000L);
  private static final byte[] RANDOM = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private static InitialStack build(String file, List<String> arguments, List<String> variables) {
    Identity identity = new Identity(1000, 0, -2, -2);
    return InitialStack.build(TOP, file, arguments, variables, IMAGE, identity, MACHINE, RANDOM);
  }

  /** Reads a stack as a program does. */
  private static final class Reader {
    final InitialStack stack;
    final ByteBuffer bytes;
    final List<String> arguments = new ArrayList<>();
    final List<String> environment = new ArrayList<>();
    final Map<Long, Long> auxv = new LinkedHashMap<>();

    Reader(InitialStack stack) {
      this.stack = stack;
      bytes = ByteBuffer.wrap(stack.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      long count = bytes.getLong();
      readStrings(arguments);
      assertThat(arguments).hasSize((int) count);
      readStrings(environment);
      for (long type = bytes.getLong(); type != 0; type = bytes.getLong()) {
        assertThat(auxv.put(type, bytes.getLong())).isNull();
      }
      assertThat(bytes.getLong()).isZero();
    }

    private void readStrings(List<String> to) {
      for (long pointer = bytes.getLong(); pointer != 0; pointer = bytes.getLong()) {
        to.add(string(pointer));
      }
    }

    String string(long address) {
      int from = Math.toIntExact(address - stack.stackPointer());
      int to = from;
      while (stack.bytes()[to] != 0) {
        to++;
      }
      return new String(stack.bytes(), from, to - from, StandardCharsets.ISO_8859_1);
    }

    long auxv(int type) {
      return auxv.get((long) type);
    }
  }

  @Test
  void aProgramFindsItsArguments() {
    List<String> arguments = List.of("prog", "", "t\u00fc\u00ff", "last");
    List<String> environment = List.of("HOME=/", "EMPTY=");
    Reader reader = new Reader(build("/bin/prog", arguments, environment));
    assertThat(reader.arguments).isEqualTo(arguments);
    assertThat(reader.environment).isEqualTo(environment);
    assertThat(reader.string(reader.auxv(Auxv.AT_EXECFN))).isEqualTo("/bin/prog");
  }

  @Test
  void theAuxiliaryVectorIsComplete() {
    Reader reader = new Reader(build("/p", List.of("p"), List.of()));
    assertThat(reader.auxv(Auxv.AT_SYSINFO_EHDR)).isEqualTo(0x7f7ff7ffd000L);
    assertThat(reader.auxv(Auxv.AT_MINSIGSTKSZ)).isEqualTo(3632);
    assertThat(reader.auxv(Auxv.AT_HWCAP)).isEqualTo(0xbfebfbffL);
    assertThat(reader.auxv(Auxv.AT_HWCAP2)).isEqualTo(2);
    assertThat(reader.auxv(Auxv.AT_PAGESZ)).isEqualTo(4096);
    assertThat(reader.auxv(Auxv.AT_CLKTCK)).isEqualTo(100);
    assertThat(reader.auxv(Auxv.AT_PHDR)).isEqualTo(0x400040);
    assertThat(reader.auxv(Auxv.AT_PHENT)).isEqualTo(56);
    assertThat(reader.auxv(Auxv.AT_PHNUM)).isEqualTo(13);
    assertThat(reader.auxv(Auxv.AT_BASE)).isEqualTo(0x7f7ff7fc0000L);
    assertThat(reader.auxv(Auxv.AT_FLAGS)).isZero();
    assertThat(reader.auxv(Auxv.AT_ENTRY)).isEqualTo(0x401000);
    assertThat(reader.auxv(Auxv.AT_UID)).isEqualTo(1000);
    assertThat(reader.auxv(Auxv.AT_EUID)).isZero();
    assertThat(reader.auxv(Auxv.AT_GID)).isEqualTo(0xfffffffeL);
    assertThat(reader.auxv(Auxv.AT_EGID)).isEqualTo(0xfffffffeL);
    assertThat(reader.auxv(Auxv.AT_SECURE)).isEqualTo(1);
    assertThat(reader.string(reader.auxv(Auxv.AT_PLATFORM))).isEqualTo("x86_64");
    assertThat(reader.string(reader.auxv(Auxv.AT_RANDOM))).startsWith("0123456789abcdef");
    assertThat(reader.auxv(Auxv.AT_RANDOM) % 16).isZero();
    assertThat(reader.auxv(Auxv.AT_RSEQ_FEATURE_SIZE)).isEqualTo(28);
    assertThat(reader.auxv(Auxv.AT_RSEQ_ALIGN)).isEqualTo(32);
    assertThat(reader.auxv).hasSize(22);
  }

  @Test
  void theStackPointerIsAlignedWhateverTheNumberOfArguments() {
    for (int count = 0; count < 20; count++) {
      InitialStack stack = build("/p", Collections.nCopies(count, "x".repeat(count)), List.of());
      assertThat(stack.stackPointer() % 16).isZero();
      assertThat(stack.stackPointer() + stack.bytes().length).isEqualTo(TOP);
      assertThat(new Reader(stack).arguments).hasSize(count);
    }
  }

  @Test
  void stringsAreBlocksForProcfs() {
    InitialStack stack = build("/p", List.of("a", "bc"), List.of("D=e"));
    assertThat(stack.argumentsEnd() - stack.argumentsStart()).isEqualTo(5);
    assertThat(stack.environmentEnd() - stack.argumentsEnd()).isEqualTo(4);
    Reader reader = new Reader(stack);
    assertThat(reader.string(stack.argumentsStart())).isEqualTo("a");
    assertThat(reader.string(stack.argumentsStart() + 2)).isEqualTo("bc");
    assertThat(reader.string(stack.argumentsEnd())).isEqualTo("D=e");
    assertThat(reader.string(stack.environmentEnd())).isEqualTo("/p");
    assertThat(stack.environmentEnd() + 3 + 8).isEqualTo(TOP);
  }

  private static void assertTooBig(List<String> arguments, List<String> variables, long limit) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(() -> InitialStack.checkLimits("/p", arguments, variables, limit))
        .withMessage("E2BIG");
  }

  @Test
  void aStringIsLimitedTo32Pages() {
    InitialStack.checkLimits("/p", List.of("x".repeat(131071)), List.of(), 8 << 20);
    assertTooBig(List.of("x".repeat(131072)), List.of(), 8 << 20);
    assertTooBig(List.of(), List.of("x".repeat(131072)), 8 << 20);
  }

  @ParameterizedTest
  @ValueSource(longs = {8 << 20, 1 << 20, 16 << 20})
  void allTogetherAreLimitedToAQuarterOfTheStack(long limit) {
    int count = (int) (limit / 4 / 1024);
    List<String> fits = Collections.nCopies(count - 1, "x".repeat(1015));
    InitialStack.checkLimits("/p", fits, List.of(), limit);
    assertTooBig(fits, Collections.nCopies(1, "x".repeat(1015)), limit);
    assertTooBig(List.of(), Collections.nCopies(count + 1, "x".repeat(1015)), limit);
  }

  @Test
  void pointersCountToo() {
    List<String> empty = Collections.nCopies((2 << 20) / 9 + 1, "");
    assertTooBig(empty, List.of(), 8 << 20);
  }

  @Test
  void thereIsALeastAndAMost() {
    List<String> page = List.of("x".repeat(131071 - 16));
    InitialStack.checkLimits("/p", page, List.of(), 0);
    assertTooBig(List.of("x".repeat(65536), "x".repeat(65536)), List.of(), 4096);
    List<String> sixMegabytes = Collections.nCopies(6 << 10, "x".repeat(1015));
    assertTooBig(sixMegabytes, List.of(), -1);
    InitialStack.checkLimits("/p", sixMegabytes.subList(1, 6 << 10), List.of(), -1);
  }
}
