package org.biscotti.kernel.serve;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/**
 * A system call on its way: its arguments, its result, and a state that says whose it is.
 *
 * <pre>
 *          open            take                 answer
 *   IDLE --------> OPEN -- BUSY -----> TAKEN -- BUSY --+--> OPEN        the program goes on
 *    ^              |                  |   |           +--> FINISHED    it has to leave first
 *    |    close     |                  |   |           +--> PARKED      the call waits
 *    +--------------+           finish |   | move           PARKED -- finish --> FINISHED
 *    |                                 v   v                PARKED --- move ---> MOVED
 *    +--------------------------- FINISHED MOVED --> whoever finishes it puts the task
 *                                                    into the run queue
 * </pre>
 *
 * <p>A server can also give the vCPU to another task, without an exit: the call becomes MOVED, and
 * the ring's next one, which is the other task's, OPEN ({@link #switchTo}).
 *
 * <ul>
 *   <li>IDLE, FINISHED: the vCPU's thread owns call and task.
 *   <li>OPEN: the program runs; whoever changes the state to BUSY may look at the ring.
 *   <li>BUSY: a server reads the ring or writes to it, for a few loads and stores, during which the
 *       vCPU can neither close nor move the call. So what is in the ring is this task's, and no
 *       late answer gets into one that is another task's by now. Or the vCPU's thread saves the
 *       registers, and the call will be MOVED.
 *   <li>TAKEN, PARKED: the thread that serves the call owns it; parked, the program leaves the
 *       guest. While it is taken, the program may be asked for its vector state, by a BUSY that
 *       leads back to TAKEN, and again to copy it: see {@link #askToSave}.
 *   <li>MOVED: the thread that serves it owns the task too; the vCPU has nothing to do with it.
 * </ul>
 *
 * <p>There is one for each vCPU, used again and again; only a move makes a new one.
 *
 * <p>Every access to the state goes through {@link #word}, {@link #change} and {@link #set}: a test
 * overrides them and tries all interleavings.
 */
public class Call {
  static final int IDLE = 0;
  static final int OPEN = 1;
  static final int TAKEN = 2;
  static final int BUSY = 3;
  static final int PARKED = 4;
  static final int FINISHED = 5;
  static final int MOVED = 6;

  private static final int STATE_MASK = 7;
  private static final int TURN_SHIFT = 3;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Call.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final SyscallRing ring;

  @SuppressWarnings("unused") // through the handle
  private volatile int state;

  /** Whose call it is; set by the vCPU's thread while idle. */
  @Nullable Task task;

  long number;
  long a;
  long b;
  long c;
  long d;
  long e;
  long f;

  /** True if it came through the ring, false if by an exit. */
  boolean posted;

  /** Number of the request, of a posted call. */
  int sequence;

  /** Where a posted call that came by the instruction returns to; 0 if it came by a jump. */
  long returnAddress;

  /** True once an observer has been told of it. */
  boolean reported;

  /** When it was taken, by System.nanoTime; only where somebody wants to know. */
  long startNanos;

  private long result;

  /** Room for the registers of a posted call; made when it is needed first. */
  private @Nullable PostedRegisters room;

  /** The registers of the call where it has to do with all of them, null where it has not. */
  private @Nullable PostedRegisters registers;

  /** True if the program has been asked to save its vector state, and may have posted again. */
  private boolean asked;

  /**
   * Counts how often it has been taken. It is part of the state TAKEN: a thread that comes back to
   * a call late, when that has been answered and taken again, must not take it for its own.
   */
  private int turn;

  Call(SyscallRing ring) {
    this.ring = ring;
  }

  int state() {
    return word() & STATE_MASK;
  }

  /** The state, and which turn it is if that is TAKEN. */
  int word() {
    return state;
  }

  /** Which of the calls it has been used for this is; for the thread that took it. */
  int turn() {
    return turn;
  }

  private int taken() {
    return turn << TURN_SHIFT | TAKEN;
  }

  /** Compare-and-set of the state. */
  boolean change(int from, int to) {
    return STATE.compareAndSet(this, from, to);
  }

  /** Store of the state, by its owner; releases what the owner has written. */
  void set(int to) {
    STATE.setRelease(this, to);
  }

  /** Somebody else is about to change the state. */
  void spin() {
    Thread.onSpinWait();
  }

  long nanoTime() {
    return System.nanoTime();
  }

  /** The vCPU's thread saves the task, which it gives up. */
  void save() {
    Task of = task();
    if (posted) {
      of.stops(nanoTime());
    }
    of.detach();
  }

  /** True if the program must not go on with its result alone. */
  boolean mustLeaveGuest() {
    return task().mustLeaveGuest();
  }

  /** The task; there is one in every state but IDLE. */
  Task task() {
    Task of = task;
    if (of == null) {
      throw new IllegalStateException("a call of nobody");
    }
    return of;
  }

  /** The vCPU's thread lets the program make a call through the ring. */
  void open(Task of) {
    task = of;
    set(OPEN);
  }

  /** The vCPU's thread takes the program's call or the right to look at the task; see the class. */
  boolean close() {
    return change(OPEN, IDLE);
  }

  /**
   * The vCPU's thread waits a while for a call that somebody may have taken.
   *
   * @param patienceNanos how long to wait for a thread that serves it; one that waits itself is not
   *     waited for
   * @return true if call and task are the vCPU's again: nobody has taken it, or it is finished;
   *     false if that has to be waited for, or the vCPU has been given to another task
   */
  boolean closeWithin(long patienceNanos) {
    long start = 0;
    while (!close()) {
      int now = state();
      if (now == FINISHED || now == IDLE) {
        return true;
      }
      if (now == PARKED || now == MOVED) {
        return false;
      }
      long time = nanoTime();
      if (start == 0) {
        start = time;
      } else if (time - start > patienceNanos && now == TAKEN) {
        return false;
      }
      spin();
    }
    return true;
  }

  /**
   * Takes what is posted in the ring.
   *
   * @return false if there is nothing, or somebody else has it
   */
  boolean tryTake() {
    if (state() != OPEN || !ring.hasRequest() || !change(OPEN, BUSY)) {
      return false;
    }
    // Only now is it certain whose ring this is; what was seen before may have been another's.
    boolean taken = ring.take(this);
    reported = false;
    if (taken) {
      forgetRegisters();
      turn++;
    }
    set(taken ? taken() : OPEN);
    return taken;
  }

  /** The vCPU's thread takes a call that came by an exit. */
  void takeFromExit(Task of) {
    task = of;
    posted = false;
    forgetRegisters();
    turn++;
    set(taken());
  }

  private void forgetRegisters() {
    registers = null;
    asked = false;
  }

  /** The registers that the call has to do with, those it ends with at last; null if only RAX. */
  @Nullable PostedRegisters registers() {
    return registers;
  }

  /** True if the program may post again at any time; then it has to leave the guest at the end. */
  boolean asked() {
    return asked;
  }

  /**
   * Copies the registers of a posted call that has to do with all of them, vector state apart.
   *
   * @return null if that cannot be
   */
  @Nullable PostedRegisters takeRegisters() {
    if (!ring.takesVector() || !change(taken(), BUSY)) {
      return null;
    }
    registers = room();
    ring.copyRegisters(registers);
    set(taken());
    return registers;
  }

  private PostedRegisters room() {
    if (room == null) {
      room = ring.newRegisters();
    }
    return room;
  }

  /**
   * Asks the program that waits for the answer for its vector state. It may be in the guest no
   * more; then it does not answer, and the call ends with the program leaving, in any case.
   *
   * @return false if it is certain not to answer
   */
  boolean askToSave() {
    if (!posted || !ring.takesVector() || !change(taken(), BUSY)) {
      return false;
    }
    asked = ring.answerSave(sequence);
    set(taken());
    return asked;
  }

  /** True if the program seems to have done what it was asked. */
  boolean seemsSaved() {
    return ring.isPostedAgain(sequence);
  }

  /**
   * Copies all registers of a program that has been asked for its vector state.
   *
   * @return null if it has not answered
   */
  @Nullable PostedRegisters takeSaved() {
    if (!change(taken(), BUSY)) {
      return null;
    }
    PostedRegisters into = room();
    if (ring.takeAgain(this, into)) {
      asked = false;
      registers = into;
    }
    set(taken());
    return registers;
  }

  /** Back to the vCPU's thread alone, once the result has been used or dropped. */
  void idle() {
    set(IDLE);
  }

  long result() {
    return result;
  }

  /**
   * Ends the call.
   *
   * @return false if the vCPU has moved it: the caller owns the task now, and has to make it
   *     runnable
   */
  boolean finish(long value) {
    if (posted && change(taken(), BUSY)) {
      if (asked() || mustLeaveGuest()) {
        result = value;
        ring.answerLeave(sequence);
        set(FINISHED);
      } else {
        ring.answer(sequence, value);
        set(OPEN);
      }
      return true;
    }
    result = value;
    return finishOutside();
  }

  /** The same for a call that has to do with all registers: they are what it ends with. */
  boolean finish(PostedRegisters all) {
    if (change(taken(), BUSY)) {
      if (!all.isLoadable() || mustLeaveGuest()) {
        ring.answerLeave(sequence);
        set(FINISHED);
      } else {
        ring.answerRegisters(sequence, all);
        set(OPEN);
      }
      return true;
    }
    return finishOutside();
  }

  /** The program is not waiting in the guest, or need not. */
  private boolean finishOutside() {
    while (true) {
      int now = word();
      switch (now & STATE_MASK) {
        case TAKEN, PARKED -> {
          if (change(now, FINISHED)) {
            return true;
          }
        }
        case BUSY -> spin();
        default -> {
          return false;
        }
      }
    }
  }

  /**
   * Hands a posted call back, nothing done: its vCPU's thread is to take it by an exit.
   *
   * @return false if the vCPU has moved it: the caller owns the task now, and has to make it
   *     runnable
   */
  boolean refuse() {
    if (!lock()) {
      return false;
    }
    ring.answerLeave(sequence);
    set(OPEN);
    return true;
  }

  /** Makes the caller's call BUSY; false if the vCPU has moved it. */
  boolean lock() {
    while (!change(taken(), BUSY)) {
      if (state() == MOVED) {
        return false;
      }
      spin();
    }
    return true;
  }

  /**
   * Gives the vCPU to another task of the same address space: the program goes on as that. The call
   * is moved, and stays the caller's with the task.
   *
   * @param next runnable; the vCPU's from now on
   * @param saved the task's registers, as {@link #takeSaved} has them
   * @return false if the vCPU has moved the call: then the other task stays the caller's
   */
  boolean switchTo(Task next, PostedRegisters saved) {
    forgetRegisters(); // the call goes on, and ends, without them
    if (!lock()) {
      return false;
    }
    Call fresh = ring.newCall();
    fresh.set(BUSY);
    fresh.task = next;
    fresh.room = room;
    room = null;
    leaveTo(next, saved);
    ring.replaceCall(fresh);
    set(MOVED);
    fresh.set(OPEN);
    return true;
  }

  /** Saves the task, and loads the other in its place. */
  void leaveTo(Task next, PostedRegisters saved) {
    saved.saveTo(task().context());
    task().switchTo(next);
    ring.answerSwitch(sequence, next.context());
  }

  /**
   * The thread that took the call has left it to another, which waits: the vCPU need not. If the
   * call is over by now, or moved, that stays so.
   *
   * @param ofTurn the turn when it was taken; by now it may be another call
   */
  void park(int ofTurn) {
    int mine = ofTurn << TURN_SHIFT | TAKEN;
    if (change(mine, BUSY)) {
      if (posted) {
        ring.answerLeave(sequence);
      }
      set(PARKED);
    }
  }

  /**
   * The vCPU's thread gives up call and task, which it saves.
   *
   * @return false if the call has been finished meanwhile, or moved by who serves it
   */
  boolean move() {
    while (true) {
      int now = word();
      switch (now & STATE_MASK) {
        case TAKEN, PARKED -> {
          if (change(now, BUSY)) {
            save();
            ring.replaceCall(ring.newCall());
            set(MOVED);
            return true;
          }
        }
        case BUSY -> spin();
        default -> {
          return false;
        }
      }
    }
  }
}
