package org.biscotti.kvm.x86;

import static org.biscotti.kernel.port.KernelArea.ENTRY;
import static org.biscotti.kernel.port.KernelArea.ENTRY_JUMP;
import static org.biscotti.kernel.port.KernelArea.RING_REPLY;
import static org.biscotti.kernel.port.KernelArea.RING_REQUEST;
import static org.biscotti.kernel.port.RingPages.*;
import static org.biscotti.kvm.x86.X86.RFLAGS_RF;
import static org.biscotti.kvm.x86.X86.RFLAGS_TF;

import org.biscotti.kernel.port.CpuContext;

/**
 * The code of the entry page, where {@code syscall} goes: posts the call in the vCPU's ring and
 * waits for the answer while somebody serves the ring, leaves the guest by {@code out} otherwise.
 *
 * <p>There are two of them. Where {@code syscall} enters ring 0, the way back is {@code sysretq} or
 * {@code iretq}. Where it stays in ring 3, it is {@code popfq} and a jump: {@code syscall} has put
 * the return address into RCX and RFLAGS into R11, which is also what a program finds there after a
 * system call, so that {@code jmp rcx} leaves every register as Linux does.
 *
 * <p>Up to the store of the sequence number nothing has happened, and the processor can be taken
 * back to the {@code syscall} instruction. From there on the call is posted, and what the program's
 * registers will be is known only to whoever answers. {@link #place} says which, for every address.
 * RSP is changed for a moment on the way back in ring 3; the program's is in the request page then.
 *
 * <p>An answer may be to save the vector state, which is nowhere but in the processor, and to wait
 * for the next answer; or to go on with other registers than the program had, vector state and all.
 * The processor loads only what the kernel has found to be valid: nothing here may raise an
 * exception.
 *
 * <p>Where {@code syscall} stays in ring 3 it is the host that makes it so, which can take
 * microseconds. A program whose instruction has been replaced by a jump ({@link
 * org.biscotti.kernel.mem.CallSites}) comes in at {@link #jumpBytes} instead, with RCX as {@code
 * syscall} would have set it; R11 is set there.
 */
public final class EntryCode {
  /** Where {@code syscall} from 32-bit code would go, were there any: it raises #UD. */
  public static final long COMPATIBILITY = ENTRY + 0xf00;

  /**
   * How often the entry page looks for an answer before it leaves the guest, with a {@code pause}
   * between two looks. About as long as an exit takes: a server that the host does not run costs at
   * most twice what a call without it would have.
   */
  private static final int SPINS = 1000;

  private static final int RAX = 0;
  private static final int RCX = 1;
  private static final int RDX = 2;
  private static final int RBX = 3;
  private static final int RSP = 4;
  private static final int RBP = 5;
  private static final int RSI = 6;
  private static final int RDI = 7;

  /** Encoding of each register of {@link CpuContext} up to R15. */
  private static final int[] ENCODING = {
    RAX, RBX, RCX, RDX, RSI, RDI, RSP, RBP, 8, 9, 10, 11, 12, 13, 14, 15
  };

  private final boolean ring0;
  private final byte[] bytes;
  private final byte[] jumpBytes;
  private long jumped;
  private long jumpStackSwitched;
  private long jumpStackRestored;
  private long out;
  private long outReturn;
  private long raxLost;
  private long posting;
  private long outPosted;
  private long stackSwitched;
  private long stackRestored;

  /** Where in the code the processor is, for whoever has to make the program's registers of it. */
  public enum Place {
    /** Nothing has been posted and all registers are the program's. */
    BEFORE,
    /** Nothing has been posted; RAX is in the request page. */
    BEFORE_POST,
    /** The kernel has been asked by an exit, and has answered in the registers. */
    AFTER_EXIT,
    /** The call has been posted; RAX is in the request page. */
    POSTED,
    /** The call has been posted; RAX and RSP are in the request page. */
    POSTED_OTHER_STACK,
    /** The program has jumped here: all registers but R11 are its own, RFLAGS too. */
    JUMPED,
    /** The same, and RSP is in the request page. */
    JUMPED_OTHER_STACK,
    /** Not where the code of a call is. */
    ELSEWHERE
  }

  private EntryCode(boolean ring0, boolean bounce) {
    this.ring0 = ring0;
    bytes = bounce ? bounce() : assemble();
    jumpBytes = ring0 || bounce ? new byte[0] : assembleJump();
  }

  /** The code for a host where {@code syscall} enters ring 0, or for one where it does not. */
  public static EntryCode of(boolean ring0) {
    return new EntryCode(ring0, false);
  }

  /**
   * Code that answers every call at once with 0, for measuring: nothing that leaves ring 3 by
   * {@code syscall} can be cheaper.
   */
  public static EntryCode bouncing(boolean ring0) {
    return new EntryCode(ring0, true);
  }

  /** The code; goes to the start of the entry page. */
  byte[] bytes() {
    return bytes.clone();
  }

  /** The code for programs that jump; goes to {@code KernelArea.ENTRY_JUMP}; empty if none may. */
  byte[] jumpBytes() {
    return jumpBytes.clone();
  }

  /** True if an exit at this address is the one of a call that has not been posted. */
  public boolean isExit(long rip) {
    return rip == out || rip == outReturn;
  }

  /** True if an exit at this address is the one of a call that has been posted. */
  public boolean isPostedExit(long rip) {
    return rip == outPosted || rip == outPosted + 2;
  }

  /** Address of an instruction that returns to the program by RCX and R11; in ring 0 only. */
  public long returnAddress() {
    return outReturn;
  }

  /** What the processor has done if it stands at an address of the entry page. */
  public Place place(long rip) {
    if (rip >= ENTRY_JUMP && rip < ENTRY_JUMP + jumpBytes.length) {
      boolean otherStack = rip > jumpStackSwitched && rip <= jumpStackRestored;
      return otherStack ? Place.JUMPED_OTHER_STACK : Place.JUMPED;
    }
    if (rip < ENTRY || rip >= ENTRY + bytes.length) {
      return Place.ELSEWHERE;
    }
    if (rip == outReturn) {
      return Place.AFTER_EXIT;
    }
    if (rip <= raxLost || rip == out) {
      return Place.BEFORE;
    }
    if (rip <= posting) {
      return Place.BEFORE_POST;
    }
    boolean otherStack = rip > stackSwitched && rip <= stackRestored;
    return otherStack ? Place.POSTED_OTHER_STACK : Place.POSTED;
  }

  private byte[] bounce() {
    Assembler a = new Assembler(ENTRY);
    a.bytes(0x31, 0xc0); // xor eax, eax
    if (ring0) {
      a.sysretq();
    } else {
      a.jumpRcx();
    }
    return a.finish();
  }

  private byte[] assemble() {
    Assembler a = new Assembler(ENTRY);
    Assembler.Label exit = new Assembler.Label();
    Assembler.Label wait = new Assembler.Label();
    Assembler.Label answered = new Assembler.Label();
    Assembler.Label leave = new Assembler.Label();
    Assembler.Label load = new Assembler.Label();
    Assembler.Label save = new Assembler.Label();
    Assembler.Label loadVector = new Assembler.Label();
    Assembler.Label loadRest = new Assembler.Label();
    if (!ring0) {
      a.storeConstant(RING_REQUEST + REQUEST_JUMPED, 0);
    }
    jumped = a.here();
    a.compare(RING_REPLY + REPLY_SERVED, 0);
    a.je(exit);
    // A return with a trap pending takes more care than is worth having here.
    a.testR11((int) (RFLAGS_TF | RFLAGS_RF));
    a.jne(exit);
    post(a);

    a.bind(wait);
    a.pause();
    a.compareEax(RING_REPLY + REPLY_SEQUENCE);
    a.je(answered);
    a.compare(RING_REPLY + REPLY_SERVED, 0);
    a.je(leave);
    a.decrement(RING_REQUEST + REQUEST_SPINS);
    a.jne(wait);
    a.bind(leave);
    outPosted = a.here();
    a.outAl(KernelPages.SYSCALL_PORT);
    // The kernel always says where to go on, so this is not reached.
    a.undefined();

    a.bind(answered);
    // Read once: whoever has asked for the vector state may give up and answer something else.
    a.loadEax(RING_REPLY + REPLY_ACTION);
    a.compareEaxWith(RETURN);
    a.jne(load);
    a.load(RAX, RING_REPLY + REPLY_RESULT);
    returnToProgram(a);

    a.bind(load);
    a.compareEaxWith(LEAVE);
    a.je(leave);
    a.compareEaxWith(SAVE);
    a.je(save);
    a.compareEaxWith(LOAD_VECTOR);
    a.je(loadVector);
    a.compareEaxWith(LOAD);
    a.je(loadRest);
    a.load(RAX, RING_REPLY + REPLY_FS_BASE);
    a.setFsBaseFromRax();
    a.load(RAX, RING_REPLY + REPLY_GS_BASE);
    a.setGsBaseFromRax();

    a.bind(loadVector);
    // EDX may be anything: no feature has a number above 31.
    a.loadEax(RING_REPLY + REPLY_FEATURES);
    a.loadVector(RING_REPLY + REPLY_VECTOR);
    a.bind(loadRest);
    loadRegisters(a);

    a.bind(save);
    a.loadEax(RING_REPLY + REPLY_FEATURES);
    a.saveVector(RING_REQUEST + REQUEST_VECTOR);
    a.fsBaseToRax();
    a.store(RAX, RING_REQUEST + REQUEST_FS_BASE);
    a.gsBaseToRax();
    a.store(RAX, RING_REQUEST + REQUEST_GS_BASE);
    a.loadEax(RING_REQUEST + REQUEST_SEQUENCE);
    a.incrementEax();
    a.storeEax(RING_REQUEST + REQUEST_SEQUENCE);
    a.jmp(wait);

    a.bind(exit);
    out = a.here();
    a.outAl(KernelPages.SYSCALL_PORT);
    outReturn = a.here();
    if (ring0) {
      a.sysretq();
    } else {
      a.undefined();
    }
    return a.finish();
  }

  /** Makes of a jump what {@code syscall} would have made; changes no flag before it has them. */
  private byte[] assembleJump() {
    Assembler a = new Assembler(ENTRY_JUMP);
    a.store(RSP, RING_REQUEST + REQUEST_RSP);
    jumpStackSwitched = a.here();
    a.stackPointer(RING_REQUEST + REQUEST_STACK_TOP);
    a.pushFlags();
    a.popR11();
    jumpStackRestored = a.here();
    a.load(RSP, RING_REQUEST + REQUEST_RSP);
    a.storeConstant(RING_REQUEST + REQUEST_JUMPED, 1);
    a.jmp(jumped);
    return a.finish();
  }

  private void post(Assembler a) {
    a.store(RAX, RING_REQUEST + REQUEST_RAX);
    a.store(RDI, RING_REQUEST + REQUEST_RDI);
    a.store(RSI, RING_REQUEST + REQUEST_RSI);
    a.store(RDX, RING_REQUEST + REQUEST_RDX);
    a.store(10, RING_REQUEST + REQUEST_R10);
    a.store(8, RING_REQUEST + REQUEST_R8);
    a.store(9, RING_REQUEST + REQUEST_R9);
    a.store(RCX, RING_REQUEST + REQUEST_RCX);
    a.store(11, RING_REQUEST + REQUEST_R11);
    a.store(RSP, RING_REQUEST + REQUEST_RSP);
    a.store(RBX, RING_REQUEST + REQUEST_RBX);
    a.store(RBP, RING_REQUEST + REQUEST_RBP);
    a.store(12, RING_REQUEST + REQUEST_R12);
    a.store(13, RING_REQUEST + REQUEST_R13);
    a.store(14, RING_REQUEST + REQUEST_R14);
    a.store(15, RING_REQUEST + REQUEST_R15);
    a.storeConstant(RING_REQUEST + REQUEST_SPINS, SPINS);
    raxLost = a.here();
    a.loadEax(RING_REQUEST + REQUEST_SEQUENCE);
    a.incrementEax();
    posting = a.here();
    a.storeEax(RING_REQUEST + REQUEST_SEQUENCE);
  }

  /** RFLAGS is in R11 and RIP in RCX, where the program is to find them too. */
  private void returnToProgram(Assembler a) {
    if (ring0) {
      a.sysretq();
      return;
    }
    stackSwitched = a.here();
    a.stackPointer(RING_REQUEST + REQUEST_STACK_TOP);
    a.pushR11();
    a.popFlags();
    stackRestored = a.here();
    a.load(RSP, RING_REQUEST + REQUEST_RSP);
    a.jumpRcx();
  }

  private void loadRegisters(Assembler a) {
    if (!ring0) {
      a.stackPointer(RING_REQUEST + REQUEST_STACK_TOP);
      a.push(RING_REPLY + REPLY_RFLAGS);
      a.popFlags();
    }
    for (int i = 0; i < ENCODING.length; i++) {
      if (i != CpuContext.RSP) {
        a.load(ENCODING[i], RING_REPLY + REPLY_REGISTERS + 8L * i);
      }
    }
    if (ring0) {
      a.stackPointer(RING_REPLY + REPLY_RIP);
      a.iretq();
    } else {
      a.load(RSP, RING_REPLY + REPLY_RSP);
      a.jumpThrough(RING_REPLY + REPLY_RIP);
    }
  }
}
