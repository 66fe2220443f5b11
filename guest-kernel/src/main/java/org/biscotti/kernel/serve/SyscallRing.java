package org.biscotti.kernel.serve;

import static org.biscotti.kernel.port.RingPages.*;

import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's side of a vCPU's ring ({@link org.biscotti.kernel.port.RingPages}): what is posted
 * there, and how it is answered.
 *
 * <p>Which thread may do what is decided by the state of the {@link Call} that the ring is for, not
 * by anything in the pages: {@link #take} and {@link #answer} are for whoever owns the call.
 */
class SyscallRing {
  private static final int SCRUBBED_BYTES = 256;

  private final GuestMemory memory;
  private final long request;
  private final long reply;

  /** The call that the vCPU's next request belongs to; replaced when one is moved off the vCPU. */
  private volatile Call call;

  /** The last request that somebody has looked at; its owner's, read by others as a hint. */
  private int seen;

  /** The last request that has been answered for good, and how. Its owner's. */
  private int answered;

  private int answeredAction;
  private long answeredResult;
  private @Nullable PostedRegisters answeredRegisters;
  private long answeredCount;

  /** The vector state of the vCPU; 0 bytes while it cannot go through the ring. */
  private long vectorFeatures;

  private int vectorBytes;

  /** True if a vector state has been left in the pages. */
  private boolean vectorUsed;

  /**
   * A ring on pages of guest memory, those of requests and those of replies, given by their
   * guest-physical addresses; all zero.
   */
  SyscallRing(GuestMemory memory, long request, long reply) {
    this.memory = memory;
    this.request = request;
    this.reply = reply;
    call = newCall();
  }

  /** A call of this ring; a test makes one that it can watch. */
  Call newCall() {
    return new Call(this);
  }

  Call call() {
    return call;
  }

  /** When a call is moved off the vCPU: the old one's owner keeps that for itself. */
  void replaceCall(Call fresh) {
    call = fresh;
  }

  /** Vector state may go through the ring if it fits, from now on. */
  void useVectorOf(GuestCpu cpu) {
    boolean fits =
        cpu.vectorBytes() <= BYTES - REQUEST_VECTOR && cpu.vectorFeatures() >>> Integer.SIZE == 0;
    vectorFeatures = cpu.vectorFeatures();
    vectorBytes = fits ? cpu.vectorBytes() : 0;
    memory.setInt(reply + REPLY_FEATURES, (int) vectorFeatures);
  }

  /** True if programs can save their vector state, and load another. */
  boolean takesVector() {
    return vectorBytes != 0;
  }

  /** Room for the registers of a request. */
  PostedRegisters newRegisters() {
    return new PostedRegisters(vectorFeatures, vectorBytes);
  }

  /** Tells the program's side whether anybody serves it. */
  void setServed(boolean served) {
    memory.setIntRelease(reply + REPLY_SERVED, served ? 1 : 0);
  }

  /** True if there seems to be a request that nobody has looked at; costs a load from memory. */
  boolean hasRequest() {
    return memory.getIntAcquire(request + REQUEST_SEQUENCE) != seen;
  }

  /**
   * Copies a request into the call that the caller owns.
   *
   * @return false if there is none
   */
  boolean take(Call into) {
    int sequence = memory.getIntAcquire(request + REQUEST_SEQUENCE);
    if (sequence == seen) {
      return false;
    }
    seen = sequence;
    into.sequence = sequence;
    into.posted = true;
    into.number = memory.getLong(request + REQUEST_RAX);
    into.a = memory.getLong(request + REQUEST_RDI);
    into.b = memory.getLong(request + REQUEST_RSI);
    into.c = memory.getLong(request + REQUEST_RDX);
    into.d = memory.getLong(request + REQUEST_R10);
    into.e = memory.getLong(request + REQUEST_R8);
    into.f = memory.getLong(request + REQUEST_R9);
    into.returnAddress =
        memory.getInt(request + REQUEST_JUMPED) == 0 ? memory.getLong(request + REQUEST_RCX) : 0;
    return true;
  }

  /**
   * Says that the vCPU's own thread serves the request that is there.
   *
   * @return true if somebody has looked at it
   */
  boolean skipRequest() {
    int sequence = memory.getIntAcquire(request + REQUEST_SEQUENCE);
    boolean looked = sequence == seen;
    seen = sequence;
    return looked;
  }

  /** True if the program says that it came by a jump; only while nobody else writes the request. */
  boolean isJumped() {
    return memory.getInt(request + REQUEST_JUMPED) != 0;
  }

  /** Answers with a result. */
  void answer(int sequence, long result) {
    answeredResult = result;
    memory.setLong(reply + REPLY_RESULT, result);
    answerForGood(sequence, RETURN);
  }

  private void answerForGood(int sequence, int action) {
    answered = sequence;
    answeredCount++;
    answeredAction = action;
    send(sequence, action);
  }

  /** After everything that the program needs for the action. */
  private void send(int sequence, int action) {
    memory.setInt(reply + REPLY_ACTION, action);
    memory.setIntRelease(reply + REPLY_SEQUENCE, sequence);
  }

  /** Makes the program leave the guest with its request. */
  void answerLeave(int sequence) {
    send(sequence, LEAVE);
  }

  /** Copies the registers of the request that has been taken; vector state apart. */
  void copyRegisters(PostedRegisters into) {
    into.copyFrom(memory, request);
  }

  /**
   * Makes the program save its vector state and post its request again. With a stack pointer that
   * is not canonical it cannot: some hosts emulate its code then, and not that instruction.
   *
   * @return false if it cannot
   */
  boolean answerSave(int sequence) {
    if (!PostedRegisters.isUserAddress(memory.getLong(request + REQUEST_RSP))) {
      return false;
    }
    send(sequence, SAVE);
    return true;
  }

  /** True if a request seems to have been posted again; costs a load from memory. */
  boolean isPostedAgain(int sequence) {
    return memory.getIntAcquire(request + REQUEST_SEQUENCE) == sequence + 1;
  }

  /**
   * Copies the registers of a request that has been posted again, vector state and all.
   *
   * @return false if it has not been
   */
  boolean takeAgain(Call call, PostedRegisters into) {
    if (!isPostedAgain(call.sequence)) {
      return false;
    }
    call.sequence++;
    seen = call.sequence;
    vectorUsed = true;
    into.copyFrom(memory, request);
    into.copyVectorFrom(memory, request);
    return true;
  }

  /**
   * Answers with a whole register file, bases of FS and GS apart.
   *
   * @param registers loadable; kept
   */
  void answerRegisters(int sequence, PostedRegisters registers) {
    answeredRegisters = registers;
    int action = registers.copyTo(memory, reply);
    vectorUsed |= action == LOAD_VECTOR;
    answerForGood(sequence, action);
  }

  /** Answers with all of another thread's registers, which are loadable. */
  void answerSwitch(int sequence, CpuContext next) {
    PostedRegisters.load(next, memory, reply, vectorBytes);
    vectorUsed = true;
    answerForGood(sequence, SWITCH);
  }

  /** True if a request that {@link #isAnswered} has been by another task. */
  boolean isAnsweredBySwitch() {
    return answeredAction == SWITCH;
  }

  /** True if the request that is there has been answered for good: the program just missed it. */
  boolean isAnswered() {
    return memory.getIntAcquire(request + REQUEST_SEQUENCE) == answered && answeredAction != 0;
  }

  /** The result of a request that {@link #isAnswered}. */
  long answeredResult() {
    return answeredResult;
  }

  /** The registers that a request was answered with, null if it was a result. */
  @Nullable PostedRegisters answeredRegisters() {
    return answeredAction == RETURN ? null : answeredRegisters;
  }

  /** How many requests have been answered for good. */
  long answeredCount() {
    return answeredCount;
  }

  /**
   * Gives the ring to another task. What the last one has left there, a request that nobody has
   * looked at for one, is not the new one's; and the answer to the last one is no answer to it,
   * even if it writes that one's number into the ring.
   */
  void attach(boolean otherSpace) {
    skipRequest();
    answeredAction = 0;
    answeredRegisters = null;
    if (otherSpace) {
      scrub();
    }
  }

  /** Removes what one program could see of another. */
  private void scrub() {
    for (int at = REQUEST_RAX; at < SCRUBBED_BYTES; at += Long.BYTES) {
      memory.setLong(request + at, 0);
    }
    memory.setLong(request + REQUEST_STACK_TOP - Long.BYTES, 0);
    memory.setLong(reply + REPLY_RESULT, 0);
    for (int at = REPLY_REGISTERS; at < REPLY_CS; at += Long.BYTES) {
      memory.setLong(reply + at, 0);
    }
    memory.setLong(reply + REPLY_RFLAGS, 0);
    memory.setLong(reply + REPLY_RSP, 0);
    memory.setLong(reply + REPLY_GS_BASE, 0);
    if (vectorUsed) {
      vectorUsed = false;
      memory.zero(request + REQUEST_VECTOR, vectorBytes);
      memory.zero(reply + REPLY_VECTOR, vectorBytes);
    }
  }
}
