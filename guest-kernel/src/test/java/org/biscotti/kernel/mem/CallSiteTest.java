package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which system calls a jump fits in front of, and what the code looks like then. */
class CallSiteTest {
  private static final int AT = 0x100;

  /** A page of no-operations with some code in it. */
  private static byte[] page(String code) {
    byte[] page = new byte[4096];
    Arrays.fill(page, (byte) 0x90);
    byte[] bytes = HexFormat.of().parseHex(code.replace(" ", ""));
    System.arraycopy(bytes, 0, page, AT, bytes.length);
    return page;
  }

  private static int call(byte[] page) {
    for (int at = AT; at < page.length - 1; at++) {
      if (page[at] == 0x0f && page[at + 1] == 0x05) {
        return at;
      }
    }
    throw new AssertionError("no syscall");
  }

  private static @Nullable CallSite find(String code, long number) {
    byte[] page = page(code);
    return CallSite.find(page, call(page), number);
  }

  /** Columns: code, number of the call, offset of the jump, bytes that move. */
  @ParameterizedTest
  @CsvSource({
    "b8 27 00 00 00 0f 05 c3, 39, 0, 5",
    "b8 11 00 00 00 49 89 ca 0f 05 c3, 17, 0, 8",
    "48 c7 c0 0f 00 00 00 0f 05, 15, 0, 7",
    "48 c7 c0 0f 00 00 00 49 89 ca 0f 05, 15, 0, 10",
    "b8 11 00 00 00 31 ff 48 89 f2 0f 05, 17, 0, 10",
    "b8 11 00 00 00 8b 7c 24 08 0f 05, 17, 0, 9",
    "4d 89 c8 4c 8b 4c 24 08 0f 05 c3, 99, 3, 5",
    "b8 27 00 00 00 4c 8b 4c 24 08 0f 05, 39, 5, 5",
    "31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 66 2e 0f 1f 84 00 00 00 00 00, 0, 13, 2",
    "31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 0f 1f 00 66 90, 0, 13, 2",
    "31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 cc cc cc cc cc, 0, 13, 2",
  })
  void fits(String code, long number, int jump, int moved) {
    CallSite site = find(code, number);
    assertThat(site).isNotNull();
    assertThat(site.jump - AT).isEqualTo(jump);
    assertThat(site.movedBytes()).isEqualTo(moved);
  }

  @ParameterizedTest
  @CsvSource({
    // the number is another, so these bytes may be the tail of another instruction
    "b8 28 00 00 00 0f 05, 39",
    "48 c7 c0 10 00 00 00 0f 05, 15",
    // mov rbx, 15; mov r8, 15
    "48 c7 c3 0f 00 00 00 0f 05, 15",
    "49 c7 c0 0f 00 00 00 0f 05, 15",
    // mov r8d, 39; with REX it is not eax
    "41 b8 27 00 00 00 0f 05, 39",
    // two bytes, no room
    "89 f8 0f 05 c3, 39",
    // an instruction in between that means something else elsewhere: lea rsi, [rip+8]
    "b8 27 00 00 00 48 8d 35 08 00 00 00 0f 05, 39",
    // a store, a load that is not from the stack
    "b8 27 00 00 00 89 07 0f 05, 39",
    "b8 27 00 00 00 8b 07 0f 05, 39",
    // xor eax, eax of a call that is not read; xor r8d, r8d
    "31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 66 2e 0f 1f 84 00 00 00 00 00, 39",
    "45 31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 66 2e 0f 1f 84 00 00 00 00 00, 0",
    // no padding, or too little, or something that may be executed
    "31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 b8 ff ff ff ff c3, 0",
    "31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 0f 1f 40 00 b8 01 00 00 00, 0",
    "31 c0 0f 05 48 3d 01 f0 ff ff 77 5b c3 66 2e 0f 1f 84 00 00 00 00 00, 0",
  })
  void doesNotFit(String code, long number) {
    assertThat(find(code, number)).isNull();
  }

  @Test
  void atTheEdgesOfAPage() {
    byte[] page = new byte[4096];
    page[0] = 0x0f;
    page[1] = 0x05;
    page[4094] = 0x0f;
    page[4095] = 0x05;
    assertThat(CallSite.find(page, 0, 0)).isNull();
    assertThat(CallSite.find(page, -1, 0)).isNull();
    assertThat(CallSite.find(page, 4095, 0)).isNull();
    assertThat(CallSite.find(page, 4094, 0)).isNull();
    byte[] start = page("b8 27 00 00 00 0f 05");
    System.arraycopy(start, AT, page, 0, 7);
    // what stands before the page could be a prefix
    assertThat(CallSite.find(page, 5, 39)).isNull();
    page[4092] = 0x31;
    page[4093] = (byte) 0xc0;
    assertThat(CallSite.find(page, 4094, 0)).isNull();
  }

  @Test
  void theJumpLeadsToTheTrampolineAndTheCallStays() {
    byte[] page = page("b8 27 00 00 00 0f 05 c3");
    CallSite site = CallSite.find(page, AT + 5, 39);
    assertThat(site).isNotNull();
    byte[] code = site.jumping(page, -0x1000);
    assertThat(HexFormat.of().formatHex(code)).isEqualTo("e9" + little(-0x1000 - (AT + 5)));
    assertThat(site.from()).isEqualTo(AT);
    assertThat(site.to()).isEqualTo(AT + 5);
  }

  @Test
  void aShortJumpLeadsToTheLongOne() {
    byte[] page = page("31 c0 0f 05 48 3d 00 f0 ff ff 77 5b c3 66 2e 0f 1f 84 00 00 00 00 00");
    CallSite site = CallSite.find(page, AT + 2, 0);
    assertThat(site).isNotNull();
    byte[] code = site.jumping(page, 0x2000);
    assertThat(HexFormat.of().formatHex(code))
        .isEqualTo("eb0b" + "0f05483d00f0ffff775bc3" + "e9" + little(0x2000 - (AT + 18)));
  }

  private static String little(int value) {
    return HexFormat.of().toHexDigits(Integer.reverseBytes(value));
  }
}
