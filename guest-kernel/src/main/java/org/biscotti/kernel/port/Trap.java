package org.biscotti.kernel.port;

/** Why a vCPU stopped running a program. */
public sealed interface Trap {
  /**
   * The program executed {@code syscall}. Number and arguments are in the registers (RAX; RDI, RSI,
   * RDX, R10, R8, R9); RIP is the instruction after it. One instance, because this is the hot path.
   */
  enum Syscall implements Trap {
    SYSCALL
  }

  /**
   * The program has posted a call in its ring ({@link RingPages}) and has left the guest, or was
   * kicked, before it saw the answer. The registers are those of {@link Syscall}; whether somebody
   * has taken the call, or has even answered it, only the ring's other side knows.
   */
  enum Posted implements Trap {
    POSTED
  }

  /** The vCPU was kicked: somebody wants it to do something else. */
  enum Interrupted implements Trap {
    INTERRUPTED
  }

  /**
   * A page fault (SDM vol. 3, 4.7).
   *
   * @param address linear address that faulted (CR2)
   * @param write true for a write
   * @param fetch true for an instruction fetch
   * @param present true if the page was mapped and the access not permitted
   */
  record PageFault(long address, boolean write, boolean fetch, boolean present) implements Trap {}

  /**
   * Any other exception of the program.
   *
   * @param vector exception vector, 0 to 31 (SDM vol. 3, table 6-1)
   * @param errorCode error code, 0 for vectors that have none
   */
  record Fault(int vector, long errorCode) implements Trap {}

  /**
   * The host could not run the program any further, for example because it could not emulate an
   * instruction. The task has to be killed; the vCPU can be used again.
   *
   * @param reason for the log
   */
  record Unrunnable(String reason) implements Trap {}
}
