package org.biscotti.kernel.port;

/**
 * The layout of a vCPU's ring: the pages in which a program's system call is posted and answered
 * without leaving the guest. One slot, since a vCPU makes one call at a time.
 *
 * <p>The <em>request pages</em> are written by the entry page's code; where {@code syscall} stays
 * in ring 3 a program can write there too, so nothing in them is believed. The <em>reply pages</em>
 * are written by the kernel and can at most be read by programs. The second page of either is for
 * vector state.
 *
 * <p>A call is posted by storing a new sequence number after everything else, and answered by
 * storing the same number in the reply, again after everything else. Offsets are in bytes; words
 * have eight unless said otherwise. The words that a call needs fill one cache line on each page.
 *
 * <p>The kernel may answer first with {@link #SAVE}: then the entry page's code puts the vector
 * state into the request and posts the call again, by the next number.
 */
public final class RingPages {
  /** Request: the number of the posted call, 4 bytes, stored last. */
  public static final int REQUEST_SEQUENCE = 0;

  /** Request: RAX, the number of the system call. */
  public static final int REQUEST_RAX = 8;

  public static final int REQUEST_RDI = 16;
  public static final int REQUEST_RSI = 24;
  public static final int REQUEST_RDX = 32;
  public static final int REQUEST_R10 = 40;
  public static final int REQUEST_R8 = 48;
  public static final int REQUEST_R9 = 56;

  /** Request: the other registers, for a reply that changes them. */
  public static final int REQUEST_RCX = 64;

  public static final int REQUEST_R11 = 72;
  public static final int REQUEST_RSP = 80;
  public static final int REQUEST_RBX = 88;
  public static final int REQUEST_RBP = 96;
  public static final int REQUEST_R12 = 104;
  public static final int REQUEST_R13 = 112;
  public static final int REQUEST_R14 = 120;
  public static final int REQUEST_R15 = 128;

  /** Request: bases of FS and GS, after {@link #SAVE}. */
  public static final int REQUEST_FS_BASE = 136;

  public static final int REQUEST_GS_BASE = 144;

  /** Request: how many more times to look for the answer, 4 bytes. */
  public static final int REQUEST_SPINS = 192;

  /** Request: not zero if the program came by a jump instead of {@code syscall}, 4 bytes. */
  public static final int REQUEST_JUMPED = 196;

  /** Request: end of the entry page's scratch stack, which grows down. */
  public static final int REQUEST_STACK_TOP = 4096;

  /** Request: the vector state, as XSAVE lays it out in standard form, after {@link #SAVE}. */
  public static final int REQUEST_VECTOR = 4096;

  /** Reply: the number of the call that has been answered, 4 bytes, stored last. */
  public static final int REPLY_SEQUENCE = 0;

  /** Reply: what the entry page has to do, 4 bytes: one of the constants below. */
  public static final int REPLY_ACTION = 4;

  /** Reply: the call's result, for {@link #RETURN}. */
  public static final int REPLY_RESULT = 8;

  /** Reply: not zero while somebody serves this ring, 4 bytes. */
  public static final int REPLY_SERVED = 16;

  /** Reply: the features of the vector state, 4 bytes, where that is saved or loaded. */
  public static final int REPLY_FEATURES = 20;

  /**
   * Reply: a register file for {@link #LOAD}, by the indices of {@link CpuContext} up to R15 (RSP
   * is in the frame below).
   */
  public static final int REPLY_REGISTERS = 64;

  /** Reply: base of FS, for {@link #SWITCH}. */
  public static final int REPLY_FS_BASE = 192;

  /** Reply: RIP, CS, RFLAGS, RSP and SS as {@code iretq} takes them (SDM vol. 3, 6.14.3). */
  public static final int REPLY_RIP = 200;

  public static final int REPLY_CS = 208;
  public static final int REPLY_RFLAGS = 216;
  public static final int REPLY_RSP = 224;
  public static final int REPLY_SS = 232;

  /** Reply: base of GS, for {@link #SWITCH}. */
  public static final int REPLY_GS_BASE = 240;

  /** Reply: a vector state that XRSTOR accepts, for {@link #LOAD_VECTOR} and {@link #SWITCH}. */
  public static final int REPLY_VECTOR = 4096;

  /** Bytes of the request pages, and of the reply pages. */
  public static final int BYTES = 8192;

  /** Return to the program with the result in RAX. */
  public static final int RETURN = 1;

  /** Leave the guest: the vCPU's thread goes on. */
  public static final int LEAVE = 2;

  /** Load the register file of the reply, all but the bases of FS and GS. */
  public static final int LOAD = 3;

  /** Load all of the reply: go on as another thread of the program. */
  public static final int SWITCH = 4;

  /** Load the register file of the reply and the vector state. */
  public static final int LOAD_VECTOR = 5;

  /** Save the vector state and the bases in the request, and post the call again. */
  public static final int SAVE = 6;

  private RingPages() {}
}
