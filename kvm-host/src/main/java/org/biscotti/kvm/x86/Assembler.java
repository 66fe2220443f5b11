package org.biscotti.kvm.x86;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes the few instructions that the entry page consists of (SDM vol. 2), at the linear address
 * at which they will run. Memory operands are absolute addresses, encoded relative to RIP: the code
 * needs no register to find its data.
 */
final class Assembler {
  private static final int BYTES_MAX = 4096;
  private static final int MODRM_RIP = 5;
  private static final int REX_W = 0x48;
  private static final int REX_R = 4;

  private final long origin;
  private final byte[] code = new byte[BYTES_MAX];
  private final List<Jump> jumps = new ArrayList<>();
  private int size;

  /** A place in the code, for jumps before or after it. */
  static final class Label {
    private int offset = -1;
  }

  private record Jump(int end, Label target) {}

  /** Starts at a linear address. */
  Assembler(long origin) {
    this.origin = origin;
  }

  /** Linear address of the next instruction. */
  long here() {
    return origin + size;
  }

  void bind(Label label) {
    label.offset = size;
  }

  /** The code, with all jumps resolved. */
  byte[] finish() {
    for (Jump jump : jumps) {
      if (jump.target.offset < 0) {
        throw new IllegalStateException("a jump to nowhere");
      }
      int at = jump.end - Integer.BYTES;
      putInt(at, jump.target.offset - jump.end);
    }
    return Arrays.copyOf(code, size);
  }

  void bytes(int... values) {
    for (int value : values) {
      code[size++] = (byte) value;
    }
  }

  private void putInt(int at, int value) {
    for (int i = 0; i < Integer.BYTES; i++) {
      code[at + i] = (byte) (value >> (8 * i));
    }
  }

  private void word(int value) {
    size += Integer.BYTES;
    putInt(size - Integer.BYTES, value);
  }

  /** The displacement of a memory operand, of an instruction with so many bytes after it. */
  private void operand(long address, int bytesAfter) {
    word(Math.toIntExact(address - (here() + Integer.BYTES + bytesAfter)));
  }

  private void jump(Label target, int... opcode) {
    bytes(opcode);
    word(0);
    jumps.add(new Jump(size, target));
  }

  /** jmp to an address within 2 GiB. */
  void jmp(long target) {
    bytes(0xe9);
    operand(target, 0);
  }

  void jmp(Label target) {
    jump(target, 0xe9);
  }

  void je(Label target) {
    jump(target, 0x0f, 0x84);
  }

  void jne(Label target) {
    jump(target, 0x0f, 0x85);
  }

  /** mov [address], r64; registers by their number in the encoding. */
  void store(int register, long address) {
    bytes(REX_W | (register >> 3) * REX_R, 0x89, (register & 7) << 3 | MODRM_RIP);
    operand(address, 0);
  }

  /** mov r64, [address]. */
  void load(int register, long address) {
    bytes(REX_W | (register >> 3) * REX_R, 0x8b, (register & 7) << 3 | MODRM_RIP);
    operand(address, 0);
  }

  /** mov [address], eax. */
  void storeEax(long address) {
    bytes(0x89, MODRM_RIP);
    operand(address, 0);
  }

  /** mov eax, [address]. */
  void loadEax(long address) {
    bytes(0x8b, MODRM_RIP);
    operand(address, 0);
  }

  void incrementEax() {
    bytes(0xff, 0xc0);
  }

  /** cmp [address], eax. */
  void compareEax(long address) {
    bytes(0x39, MODRM_RIP);
    operand(address, 0);
  }

  /** cmp dword [address], imm8. */
  void compare(long address, int value) {
    bytes(0x83, 7 << 3 | MODRM_RIP);
    operand(address, 1);
    bytes(value);
  }

  /** cmp eax, imm8. */
  void compareEaxWith(int value) {
    bytes(0x83, 0xf8, value);
  }

  /** mov dword [address], imm32. */
  void storeConstant(long address, int value) {
    bytes(0xc7, MODRM_RIP);
    operand(address, Integer.BYTES);
    word(value);
  }

  /** dec dword [address]. */
  void decrement(long address) {
    bytes(0xff, 1 << 3 | MODRM_RIP);
    operand(address, 0);
  }

  /** test r11d, imm32. */
  void testR11(int bits) {
    bytes(0x41, 0xf7, 0xc3);
    word(bits);
  }

  /** lea rsp, [address]. */
  void stackPointer(long address) {
    bytes(REX_W, 0x8d, 4 << 3 | MODRM_RIP);
    operand(address, 0);
  }

  void pushR11() {
    bytes(0x41, 0x53);
  }

  /** push qword [address]. */
  void push(long address) {
    bytes(0xff, 6 << 3 | MODRM_RIP);
    operand(address, 0);
  }

  void popR11() {
    bytes(0x41, 0x5b);
  }

  void pushFlags() {
    bytes(0x9c);
  }

  void popFlags() {
    bytes(0x9d);
  }

  void jumpRcx() {
    bytes(0xff, 0xe1);
  }

  /** jmp qword [address]. */
  void jumpThrough(long address) {
    bytes(0xff, 4 << 3 | MODRM_RIP);
    operand(address, 0);
  }

  void pause() {
    bytes(0xf3, 0x90);
  }

  void outAl(int port) {
    bytes(0xe6, port);
  }

  void sysretq() {
    bytes(REX_W, 0x0f, 0x07);
  }

  void iretq() {
    bytes(REX_W, 0xcf);
  }

  /** rdfsbase rax. */
  void fsBaseToRax() {
    bytes(0xf3, REX_W, 0x0f, 0xae, 0xc0);
  }

  /** rdgsbase rax. */
  void gsBaseToRax() {
    bytes(0xf3, REX_W, 0x0f, 0xae, 0xc8);
  }

  /** wrfsbase rax. */
  void setFsBaseFromRax() {
    bytes(0xf3, REX_W, 0x0f, 0xae, 0xd0);
  }

  /** wrgsbase rax. */
  void setGsBaseFromRax() {
    bytes(0xf3, REX_W, 0x0f, 0xae, 0xd8);
  }

  /** xsave64 [address], of the features in EDX:EAX. */
  void saveVector(long address) {
    bytes(REX_W, 0x0f, 0xae, 4 << 3 | MODRM_RIP);
    operand(address, 0);
  }

  /** xrstor64 [address], of the features in EDX:EAX. */
  void loadVector(long address) {
    bytes(REX_W, 0x0f, 0xae, 5 << 3 | MODRM_RIP);
    operand(address, 0);
  }

  void undefined() {
    bytes(0x0f, 0x0b);
  }
}
