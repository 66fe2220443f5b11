package org.biscotti.kvm.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.port.KernelArea.ENTRY;
import static org.biscotti.kernel.port.KernelArea.ENTRY_JUMP;
import static org.biscotti.kernel.port.KernelArea.RING_REPLY;
import static org.biscotti.kernel.port.KernelArea.RING_REQUEST;
import static org.biscotti.kernel.port.RingPages.*;

import java.util.HashMap;
import java.util.Map;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kvm.x86.EntryCode.Place;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs the entry page's code instruction by instruction, in a processor that knows these few
 * instructions, along every way through it, and looks before each at what {@link EntryCode#place}
 * makes of the place: the program's registers must be where it says.
 */
class EntryCodeTest {
  private static final int RAX = 0;
  private static final int RCX = 1;
  private static final int RSP = 4;
  private static final int R11 = 11;
  private static final long TRAP_FLAG = 0x100;
  private static final long RETURN_ADDRESS = 0x401234;
  private static final long PROGRAM_FLAGS = 0x246;

  /** Of each register of CpuContext up to R15 the number in the encoding (SDM vol. 2, 2.1.5). */
  private static final int[] ENCODING = {0, 3, 1, 2, 6, 7, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

  private static final int FEATURES = 0xe7;
  private static final long PROGRAM_VECTOR = 0x1234_5678;
  private static final long FS_BASE = 0x7f00_1000;
  private static final long GS_BASE = 0x7f00_2000;
  private static final long ANSWERED_VECTOR = 0x8765_4321;

  /** What the kernel does, and when; it may ask for the vector state first. */
  private record Answer(int action, int afterLooks, boolean savesFirst) {
    Answer(int action, int afterLooks) {
      this(action, afterLooks, false);
    }
  }

  private static final Answer NONE = new Answer(0, Integer.MAX_VALUE);

  /** A processor in the entry page, with the two pages of the ring. */
  private static final class Cpu {
    final byte[] code;
    final byte[] jumpCode;
    final long[] registers = new long[16];
    final long[] atStart = new long[16];
    final Map<Long, Long> memory = new HashMap<>();
    final Map<Long, Integer> visited = new HashMap<>();
    long rip = ENTRY;
    long flags = 2;
    long fsBase = FS_BASE;
    long gsBase = GS_BASE;
    long vector = PROGRAM_VECTOR;
    boolean zero;
    private long decoded;
    int actionReads;
    String end = "";

    Cpu(EntryCode entry, boolean jumps, boolean served, long programFlags) {
      code = entry.bytes();
      jumpCode = entry.jumpBytes();
      for (int i = 0; i < registers.length; i++) {
        registers[i] = 0x1111111111111111L * (i + 1) + i;
      }
      registers[RCX] = RETURN_ADDRESS;
      if (jumps) {
        rip = ENTRY_JUMP;
        flags = programFlags;
      } else {
        registers[R11] = programFlags;
      }
      System.arraycopy(registers, 0, atStart, 0, registers.length);
      store(RING_REPLY + REPLY_SERVED, served ? 1 : 0, 4);
      store(RING_REPLY + REPLY_FEATURES, FEATURES, 4);
    }

    long load(long address, int bytes) {
      long value = 0;
      for (int i = bytes - 1; i >= 0; i--) {
        value = value << 8 | memory.getOrDefault(address + i, 0L);
      }
      return value;
    }

    void store(long address, long value, int bytes) {
      for (int i = 0; i < bytes; i++) {
        memory.put(address + i, value >>> (8 * i) & 0xff);
      }
    }

    private int next() {
      long at = rip++;
      return (at < ENTRY_JUMP ? code[(int) (at - ENTRY)] : jumpCode[(int) (at - ENTRY_JUMP)])
          & 0xff;
    }

    private int nextInt() {
      int value = 0;
      for (int i = 0; i < 32; i += 8) {
        value |= next() << i;
      }
      return value;
    }

    /** Operand relative to RIP, of an instruction with so many bytes after it. */
    private long operand(int modrm, int bytesAfter) {
      assertThat(modrm & 0xc7).as("mod and r/m of [rip+disp32]").isEqualTo(5);
      int displacement = nextInt();
      return rip + bytesAfter + displacement;
    }

    private void jumpIf(boolean condition) {
      int displacement = nextInt();
      decoded = rip;
      if (condition) {
        rip += displacement;
      }
    }

    /** Executes one instruction. */
    void step() {
      long at = rip;
      decoded = 0;
      decodeAndExecute();
      visited.put(at, (int) ((decoded == 0 ? rip : decoded) - at));
    }

    private void decodeAndExecute() {
      int first = next();
      boolean repeat = first == 0xf3;
      int rex = repeat ? next() : first;
      if (repeat && rex == 0x90) {
        return; // pause
      }
      int high = 0;
      boolean wide = false;
      int opcode = rex;
      if ((rex & 0xf0) == 0x40) {
        high = (rex & 4) << 1;
        wide = (rex & 8) != 0;
        opcode = next();
        if (opcode == 0x53) {
          push(registers[3 + ((rex & 1) << 3)]); // push rbx, or r11 with REX.B
          return;
        }
        if (opcode == 0x5b) {
          registers[3 + ((rex & 1) << 3)] = pop();
          return;
        }
      }
      execute(opcode, high, wide, (rex & 0xf1) == 0x41);
    }

    private static int register(int modrm, int high) {
      return ((modrm >> 3) & 7) | high;
    }

    private void push(long value) {
      registers[RSP] -= 8;
      store(registers[RSP], value, 8);
    }

    private long pop() {
      registers[RSP] += 8;
      return load(registers[RSP] - 8, 8);
    }

    private void execute(int opcode, int high, boolean wide, boolean rexB) {
      int bytes = wide ? 8 : 4;
      switch (opcode) {
        case 0x89 -> {
          int modrm = next();
          store(operand(modrm, 0), registers[register(modrm, high)], bytes);
        }
        case 0x8b -> {
          int modrm = next();
          long address = operand(modrm, 0);
          actionReads += address == RING_REPLY + REPLY_ACTION ? 1 : 0;
          registers[register(modrm, high)] = load(address, bytes);
        }
        case 0x8d -> {
          int modrm = next();
          registers[register(modrm, high)] = operand(modrm, 0);
        }
        case 0x39 -> zero = load(operand(next(), 0), 4) == (registers[RAX] & 0xffffffffL);
        case 0x83 -> {
          int modrm = next();
          boolean eax = modrm == 0xf8;
          int value = eax ? (int) registers[RAX] : (int) load(operand(modrm, 1), 4);
          zero = value == (byte) next();
        }
        case 0xc7 -> {
          long address = operand(next(), 4);
          store(address, nextInt(), 4);
        }
        case 0xf7 -> {
          assertThat(rexB && next() == 0xc3).as("test r11d, imm32").isTrue();
          zero = ((int) registers[R11] & nextInt()) == 0;
        }
        case 0xff -> group5();
        case 0x9c -> push(flags);
        case 0x9d -> flags = pop();
        case 0xe9 -> {
          decoded = rip + 4;
          rip += nextInt() + 4L;
        }
        case 0xe6 -> {
          next();
          end = "out";
        }
        case 0xcf -> {
          decoded = rip;
          rip = load(registers[RSP], 8);
          flags = load(registers[RSP] + 16, 8);
          registers[RSP] = load(registers[RSP] + 24, 8);
          end = "program";
        }
        case 0x0f -> twoBytes(next(), wide);
        default -> throw new AssertionError("opcode " + Integer.toHexString(opcode));
      }
    }

    private void group5() {
      int modrm = next();
      switch (modrm) {
        case 0xc0 -> registers[RAX] = registers[RAX] + 1 & 0xffffffffL;
        case 0x0d -> {
          long address = operand(modrm & 0xc7, 0);
          store(address, load(address, 4) - 1, 4);
          zero = load(address, 4) == 0;
        }
        case 0x25 -> {
          long address = operand(modrm & 0xc7, 0);
          decoded = rip;
          rip = load(address, 8);
          end = "program";
        }
        case 0x35 -> push(load(operand(modrm & 0xc7, 0), 8));
        case 0xe1 -> {
          decoded = rip;
          rip = registers[RCX];
          end = "program";
        }
        default -> throw new AssertionError("ff " + Integer.toHexString(modrm));
      }
    }

    private void twoBytes(int opcode, boolean wide) {
      switch (opcode) {
        case 0x84 -> jumpIf(zero);
        case 0x85 -> jumpIf(!zero);
        case 0x07 -> {
          decoded = rip;
          rip = registers[RCX];
          flags = registers[R11];
          end = "program";
        }
        case 0xae -> group15(wide);
        case 0x0b -> end = "undefined";
        default -> throw new AssertionError("0f " + Integer.toHexString(opcode));
      }
    }

    private void group15(boolean wide) {
      int modrm = next();
      switch (modrm) {
        case 0xc0 -> registers[RAX] = fsBase; // rdfsbase rax
        case 0xc8 -> registers[RAX] = gsBase;
        case 0xd0 -> fsBase = registers[RAX]; // wrfsbase rax
        case 0xd8 -> gsBase = registers[RAX];
        default -> vectorState(modrm, wide);
      }
    }

    private void vectorState(int modrm, boolean wide) {
      long address = operand(modrm & 0xc7, 0);
      assertThat(wide).as("the form with addresses of 64 bits").isTrue();
      assertThat(address & 63).isZero();
      assertThat(registers[RAX]).as("features").isEqualTo(FEATURES);
      switch (modrm >> 3) {
        case 4 -> store(address, vector, 8); // xsave64
        case 5 -> vector = load(address, 8); // xrstor64
        default -> throw new AssertionError("0f ae " + Integer.toHexString(modrm));
      }
    }

    int sequence() {
      return (int) load(RING_REQUEST + REQUEST_SEQUENCE, 4);
    }

    boolean isPosted() {
      return sequence() != 0;
    }

    /** True if it has been answered, and loads the registers of the answer. */
    boolean loads() {
      int action = (int) load(RING_REPLY + REPLY_ACTION, 4);
      boolean answered = isPosted() && load(RING_REPLY + REPLY_SEQUENCE, 4) == sequence();
      return answered && (action == LOAD || action == SWITCH || action == LOAD_VECTOR);
    }
  }

  private static void answer(Cpu cpu, int action) {
    cpu.store(RING_REPLY + REPLY_ACTION, action, 4);
    cpu.store(RING_REPLY + REPLY_RESULT, 0x7777, 8);
    for (int i = 0; i < ENCODING.length; i++) {
      cpu.store(RING_REPLY + REPLY_REGISTERS + 8L * i, answered(i), 8);
    }
    cpu.store(RING_REPLY + REPLY_FS_BASE, 0xf5f5, 8);
    cpu.store(RING_REPLY + REPLY_GS_BASE, 0x6565, 8);
    cpu.store(RING_REPLY + REPLY_VECTOR, ANSWERED_VECTOR, 8);
    cpu.store(RING_REPLY + REPLY_RIP, 0x500000, 8);
    cpu.store(RING_REPLY + REPLY_RFLAGS, 0x283, 8);
    cpu.store(RING_REPLY + REPLY_RSP, answered(CpuContext.RSP), 8);
    cpu.store(RING_REPLY + REPLY_SEQUENCE, cpu.sequence(), 4);
  }

  private static long answered(int register) {
    return 0xabc0000L + register;
  }

  /** Runs to the end of the way that this answer leads to; checks before every instruction. */
  private static Cpu run(
      EntryCode code,
      boolean served,
      long programFlags,
      Answer answer,
      Map<Long, Integer> visited) {
    return run(code, new Cpu(code, false, served, programFlags), answer, visited);
  }

  private static Cpu run(EntryCode code, Cpu cpu, Answer answer, Map<Long, Integer> visited) {
    int looks = 0;
    int awaited = 1;
    boolean asks = answer.savesFirst;
    while (cpu.end.isEmpty()) {
      if (answer.afterLooks == looks && cpu.sequence() == awaited) {
        answer(cpu, asks ? SAVE : answer.action);
        looks = asks ? 0 : Integer.MIN_VALUE;
        awaited++;
        asks = false;
      }
      checkPlace(code, cpu, cpu.loads());
      looks += cpu.sequence() == awaited ? 1 : 0;
      cpu.step();
    }
    // It may be replaced by another at any moment.
    assertThat(cpu.actionReads).as("looks at the action of an answer").isEqualTo(awaited - 1);
    visited.putAll(cpu.visited);
    return cpu;
  }

  /** What KvmCpu makes of a kick at this instruction has to be right. */
  private static void checkPlace(EntryCode code, Cpu cpu, boolean loads) {
    Place place = code.place(cpu.rip);
    String at = "at +0x" + Long.toHexString(cpu.rip - ENTRY) + " " + place;
    boolean raxSaved = cpu.load(RING_REQUEST + REQUEST_RAX, 8) == cpu.atStart[RAX];
    boolean stackSaved = cpu.load(RING_REQUEST + REQUEST_RSP, 8) == cpu.atStart[RSP];
    switch (place) {
      case BEFORE -> {
        assertThat(cpu.isPosted()).as(at).isFalse();
        assertThat(cpu.registers).as(at).isEqualTo(cpu.atStart);
      }
      case BEFORE_POST -> {
        assertThat(cpu.isPosted()).as(at).isFalse();
        assertThat(raxSaved).as(at).isTrue();
        checkOthers(cpu, at, false);
      }
      case POSTED -> {
        assertThat(cpu.isPosted() && raxSaved).as(at).isTrue();
        if (!loads) {
          checkOthers(cpu, at, false);
        }
      }
      case POSTED_OTHER_STACK -> {
        assertThat(cpu.isPosted() && raxSaved && stackSaved).as(at).isTrue();
        checkOthers(cpu, at, true);
      }
      case JUMPED, JUMPED_OTHER_STACK -> {
        assertThat(cpu.isPosted()).as(at).isFalse();
        assertThat(cpu.flags).as(at).isEqualTo(PROGRAM_FLAGS);
        cpu.atStart[R11] = cpu.registers[R11]; // the call clobbers it in any case
        boolean otherStack = place == Place.JUMPED_OTHER_STACK;
        assertThat(stackSaved || !otherStack).as(at).isTrue();
        checkOthers(cpu, at, otherStack);
      }
      case AFTER_EXIT, ELSEWHERE -> throw new AssertionError(at);
    }
  }

  /** All registers but RAX are the program's, and RSP too unless it may be another. */
  private static void checkOthers(Cpu cpu, String at, boolean otherStack) {
    for (int i = 1; i < cpu.registers.length; i++) {
      if (i != RSP || !otherStack) {
        assertThat(cpu.registers[i]).as("%s, register %d", at, i).isEqualTo(cpu.atStart[i]);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyInstructionOfEveryWay(boolean ring0) {
    EntryCode code = EntryCode.of(ring0);
    Map<Long, Integer> visited = new HashMap<>();

    Cpu unserved = run(code, false, PROGRAM_FLAGS, NONE, visited);
    assertThat(unserved.end).isEqualTo("out");
    assertThat(code.isExit(unserved.rip)).isTrue();
    assertThat(unserved.registers).isEqualTo(unserved.atStart);
    assertThat(code.place(unserved.rip)).isEqualTo(Place.AFTER_EXIT);

    Cpu traced = run(code, true, PROGRAM_FLAGS | TRAP_FLAG, NONE, visited);
    assertThat(code.isExit(traced.rip)).isTrue();

    Cpu unanswered = run(code, true, PROGRAM_FLAGS, NONE, visited);
    checkPostedExit(code, unanswered);
    Cpu left = run(code, true, PROGRAM_FLAGS, new Answer(LEAVE, 5), visited);
    checkPostedExit(code, left);

    for (int looks = 1; looks < 40; looks++) {
      checkReturn(run(code, true, PROGRAM_FLAGS, new Answer(RETURN, looks), visited));
      checkLoad(run(code, true, PROGRAM_FLAGS, new Answer(LOAD, looks), visited));
      Cpu other = run(code, true, PROGRAM_FLAGS, new Answer(SWITCH, looks), visited);
      checkLoad(other, 0xf5f5, 0x6565, ANSWERED_VECTOR);
      other = run(code, true, PROGRAM_FLAGS, new Answer(LOAD_VECTOR, looks), visited);
      checkLoad(other, FS_BASE, GS_BASE, ANSWERED_VECTOR);
      for (int action : new int[] {LEAVE, RETURN, LOAD, LOAD_VECTOR, SWITCH}) {
        checkSaved(code, run(code, true, PROGRAM_FLAGS, new Answer(action, looks, true), visited));
      }
    }
    // ud2 after the out of a posted call; sysretq, or ud2, after the other.
    checkThatNothingIsLeft(code, visited, ring0 ? 2 + 3 : 2 + 2);
  }

  /** A program that jumps comes to the same ends as one that executes the instruction. */
  @Test
  void everyInstructionAfterAJump() {
    EntryCode code = EntryCode.of(false);
    Map<Long, Integer> visited = new HashMap<>();
    Cpu unserved = run(code, new Cpu(code, true, false, PROGRAM_FLAGS), NONE, visited);
    assertThat(code.isExit(unserved.rip)).isTrue();
    assertThat(unserved.registers).isEqualTo(unserved.atStart);
    assertThat(unserved.registers[R11]).isEqualTo(PROGRAM_FLAGS);

    Cpu unanswered = run(code, new Cpu(code, true, true, PROGRAM_FLAGS), NONE, visited);
    checkPostedExit(code, unanswered);
    assertThat(unanswered.load(RING_REQUEST + REQUEST_JUMPED, 4)).isEqualTo(1);
    checkReturn(
        run(code, new Cpu(code, true, true, PROGRAM_FLAGS), new Answer(RETURN, 3), visited));
    checkLoad(run(code, new Cpu(code, true, true, PROGRAM_FLAGS), new Answer(LOAD, 3), visited));

    int bytes = 0;
    for (Map.Entry<Long, Integer> instruction : visited.entrySet()) {
      bytes += instruction.getKey() >= ENTRY_JUMP ? instruction.getValue() : 0;
    }
    assertThat(code.jumpBytes()).hasSize(bytes);
  }

  @Test
  void nobodyJumpsWhereTheInstructionEntersRing0() {
    assertThat(EntryCode.of(true).jumpBytes()).isEmpty();
    assertThat(EntryCode.of(true).place(ENTRY_JUMP)).isEqualTo(Place.ELSEWHERE);
  }

  private static void checkPostedExit(EntryCode code, Cpu cpu) {
    assertThat(cpu.end).isEqualTo("out");
    assertThat(code.isPostedExit(cpu.rip)).isTrue();
    assertThat(code.isExit(cpu.rip)).isFalse();
    assertThat(code.place(cpu.rip)).isEqualTo(Place.POSTED);
  }

  /** As after a system call of Linux: RAX is the result, RCX the address, R11 the flags. */
  private static void checkReturn(Cpu cpu) {
    assertThat(cpu.end).isEqualTo("program");
    assertThat(cpu.registers[RAX]).isEqualTo(0x7777);
    cpu.registers[RAX] = cpu.atStart[RAX];
    assertThat(cpu.registers).isEqualTo(cpu.atStart);
    assertThat(cpu.rip).isEqualTo(RETURN_ADDRESS);
    assertThat(cpu.flags).isEqualTo(PROGRAM_FLAGS);
  }

  /** It has saved its vector state before it came to its end, whatever that is. */
  private static void checkSaved(EntryCode code, Cpu cpu) {
    assertThat(cpu.sequence()).isEqualTo(2);
    assertThat(cpu.load(RING_REQUEST + REQUEST_VECTOR, 8)).isEqualTo(PROGRAM_VECTOR);
    assertThat(cpu.load(RING_REQUEST + REQUEST_FS_BASE, 8)).isEqualTo(FS_BASE);
    assertThat(cpu.load(RING_REQUEST + REQUEST_GS_BASE, 8)).isEqualTo(GS_BASE);
    switch ((int) cpu.load(RING_REPLY + REPLY_ACTION, 4)) {
      case LEAVE -> checkPostedExit(code, cpu);
      case RETURN -> checkReturn(cpu);
      case LOAD -> checkLoad(cpu);
      case SWITCH -> checkLoad(cpu, 0xf5f5, 0x6565, ANSWERED_VECTOR);
      default -> checkLoad(cpu, FS_BASE, GS_BASE, ANSWERED_VECTOR);
    }
  }

  private static void checkLoad(Cpu cpu) {
    checkLoad(cpu, FS_BASE, GS_BASE, PROGRAM_VECTOR);
  }

  private static void checkLoad(Cpu cpu, long fsBase, long gsBase, long vector) {
    assertThat(cpu.end).isEqualTo("program");
    for (int i = 0; i < ENCODING.length; i++) {
      assertThat(cpu.registers[ENCODING[i]]).as("register %d", i).isEqualTo(answered(i));
    }
    assertThat(cpu.rip).isEqualTo(0x500000);
    assertThat(cpu.flags).isEqualTo(0x283);
    assertThat(cpu.fsBase).isEqualTo(fsBase);
    assertThat(cpu.gsBase).isEqualTo(gsBase);
    assertThat(cpu.vector).isEqualTo(vector);
  }

  /** All bytes belong to instructions that have been run, but for the two after an out. */
  private static void checkThatNothingIsLeft(EntryCode code, Map<Long, Integer> visited, int left) {
    int bytes = visited.values().stream().mapToInt(Integer::intValue).sum();
    assertThat(code.bytes().length - bytes).isEqualTo(left);
  }

  @Test
  void outsideOfTheCode() {
    EntryCode code = EntryCode.of(false);
    assertThat(code.place(ENTRY - 1)).isEqualTo(Place.ELSEWHERE);
    assertThat(code.place(ENTRY + code.bytes().length)).isEqualTo(Place.ELSEWHERE);
    assertThat(code.place(EntryCode.COMPATIBILITY)).isEqualTo(Place.ELSEWHERE);
  }
}
