package org.biscotti.kernel.serve;

import static org.biscotti.kernel.port.RingPages.*;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.biscotti.kernel.port.RegisterFile;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/**
 * A vCPU with its ring, some programs that take turns on it, servers, and a thread for calls that
 * wait. Ring and calls are the real ones; what the vCPU's thread and the servers do with them is
 * written down again here, as {@link Server} and its callers have it, with every decision left open
 * (whether a program calls, when it is interrupted, when patience runs out, whether a call waits).
 *
 * <p>What is checked: nobody touches a task while somebody else does; no call is served twice; a
 * program gets the result of the call it has made.
 */
final class RingModel implements Interleavings.World {
  /** What there is in a run; small numbers, as everything is tried. */
  record Size(
      int programs,
      int calls,
      boolean exits,
      int traps,
      int forgeries,
      int servers,
      int waits,
      int refusals,
      int signals,
      int loads,
      int switches,
      int ends) {}

  private static final long REPLY = BYTES;
  private static final int VECTOR_BYTES = RegisterFile.VECTOR_BYTES_MIN;
  private static final Field[] RING_FIELDS = ringFields();

  private final Interleavings schedule;
  private final Size size;
  private final GuestMemory memory =
      new GuestMemory(MemorySegment.ofArray(new long[2 * BYTES / Long.BYTES]), new NoBacking());
  private final List<WatchedCall> calls = new ArrayList<>();
  private final List<Program> programs = new ArrayList<>();
  private final Deque<Program> runQueue = new ArrayDeque<>();
  private final Deque<Handed> handed = new ArrayDeque<>();
  private final WatchedRing ring;
  private int serversLeft;
  private int waitsLeft;
  private int refusalsLeft;
  private int signalsLeft;
  private int loadsLeft;
  private int switchesLeft;
  private int endsLeft;

  /** Whose registers are in the vCPU. */
  private @Nullable Program guest;

  /** A world of a size, whose calls are made by the caller. */
  RingModel(
      Interleavings schedule, Size size, BiFunction<RingModel, SyscallRing, WatchedCall> newCall) {
    this.schedule = schedule;
    this.size = size;
    ring = new WatchedRing(memory, newCall);
    ring.replaceCall(ring.newCall());
    waitsLeft = size.waits;
    refusalsLeft = size.refusals;
    signalsLeft = size.signals;
    loadsLeft = size.loads;
    switchesLeft = size.switches;
    endsLeft = size.ends;
  }

  private static Field[] ringFields() {
    String[] names = {"seen", "answered", "answeredAction", "answeredResult"};
    Field[] fields = new Field[names.length];
    try {
      for (int i = 0; i < names.length; i++) {
        fields[i] = SyscallRing.class.getDeclaredField(names[i]);
        fields[i].setAccessible(true);
      }
    } catch (NoSuchFieldException e) {
      throw new ExceptionInInitializerError(e);
    }
    return fields;
  }

  /** A call that another thread goes on with. */
  private record Handed(WatchedCall call, Program program, int id) {}

  // ---- what is watched ----

  /** The real ring, whose accesses to memory are steps. */
  final class WatchedRing extends SyscallRing {
    private @Nullable BiFunction<RingModel, SyscallRing, WatchedCall> newCall;

    WatchedRing(GuestMemory memory, BiFunction<RingModel, SyscallRing, WatchedCall> newCall) {
      super(memory, 0, REPLY);
      this.newCall = newCall;
    }

    @Override
    Call newCall() {
      BiFunction<RingModel, SyscallRing, WatchedCall> factory = newCall;
      if (factory == null) {
        return new Call(this); // of the constructor, never used
      }
      WatchedCall made = factory.apply(RingModel.this, this);
      calls.add(made);
      return made;
    }

    @Override
    boolean hasRequest() {
      schedule.step("look at request");
      return seen(super.hasRequest());
    }

    @Override
    boolean take(Call into) {
      schedule.step("copy request");
      return seen(super.take(into));
    }

    @Override
    boolean skipRequest() {
      schedule.step("skip request");
      return seen(super.skipRequest());
    }

    @Override
    void answer(int sequence, long result) {
      schedule.step("answer " + sequence + " with " + result);
      super.answer(sequence, result);
    }

    @Override
    void answerLeave(int sequence) {
      schedule.step("answer " + sequence + " with leave");
      super.answerLeave(sequence);
    }

    @Override
    boolean takesVector() {
      return true;
    }

    @Override
    PostedRegisters newRegisters() {
      return new PostedRegisters(3, VECTOR_BYTES);
    }

    @Override
    void copyRegisters(PostedRegisters into) {
      schedule.step("copy registers");
      super.copyRegisters(into);
      schedule.observed(into.register(CpuContext.RAX));
    }

    @Override
    boolean answerSave(int sequence) {
      schedule.step("answer " + sequence + " with save");
      return super.answerSave(sequence);
    }

    @Override
    boolean takeAgain(Call from, PostedRegisters into) {
      schedule.step("copy request that has been posted again");
      return seen(super.takeAgain(from, into));
    }

    @Override
    void answerRegisters(int sequence, PostedRegisters registers) {
      schedule.step("answer " + sequence + " with registers");
      super.answerRegisters(sequence, registers);
    }

    @Override
    void answerSwitch(int sequence, CpuContext next) {
      schedule.step("answer " + sequence + " with program " + next.fsBase);
      super.answerSwitch(sequence, next);
    }

    @Override
    boolean isAnswered() {
      schedule.step("is it answered");
      return seen(super.isAnswered());
    }

    private boolean seen(boolean value) {
      schedule.observed(value ? 1 : 0);
      return value;
    }
  }

  /** The real call, whose accesses to the state are steps. */
  static class WatchedCall extends Call {
    private final RingModel model;
    final Interleavings schedule;
    private @Nullable Program program;
    private @Nullable Program next;
    private int lastState;
    private boolean impatient;
    private boolean mayRead;

    WatchedCall(RingModel model, SyscallRing ring) {
      super(ring);
      this.model = model;
      schedule = model.schedule;
    }

    int rawState() {
      return super.word() & 7;
    }

    final Program program() {
      Program of = program;
      if (of == null) {
        throw new AssertionError("a call of nobody");
      }
      return of;
    }

    @Override
    int word() {
      if (!mayRead) {
        schedule.step("read state");
      }
      mayRead = false;
      lastState = super.word();
      schedule.observed(lastState);
      return lastState;
    }

    @Override
    boolean change(int from, int to) {
      schedule.step("change state " + from + " to " + to);
      boolean done = super.change(from, to);
      schedule.observed(done ? 1 : 0);
      return done;
    }

    @Override
    void set(int to) {
      schedule.step("set state " + to);
      super.set(to);
    }

    /** Waits for somebody else to change the state, or to have no more patience. */
    @Override
    void spin() {
      int before = lastState;
      BooleanSupplier changed = () -> before == OPEN || super.word() != before;
      boolean patient = schedule.actorName().equals("vcpu") && !impatient;
      int chosen = schedule.choose("spin", changed, () -> patient);
      if (chosen == 1) {
        impatient = true;
      }
      schedule.forgetToMark(impatient ? 1 : 2);
    }

    @Override
    long nanoTime() {
      return impatient ? 2_000_000 : 1;
    }

    /** A signal may come at any time. */
    @Override
    boolean mustLeaveGuest() {
      if (model.signalsLeft == 0) {
        return false;
      }
      boolean must = schedule.decide("signal?", () -> true, () -> true) == 1;
      model.signalsLeft -= must ? 1 : 0;
      return must;
    }

    @Override
    void save() {
      program().detach();
    }

    boolean switchTo(Program other, PostedRegisters saved) {
      next = other;
      return switchTo((Task) null, saved);
    }

    @Override
    void leaveTo(Task task, PostedRegisters saved) {
      program().detach();
      Program other = next;
      if (other == null) {
        throw new AssertionError("switched to nobody");
      }
      CpuContext context = new CpuContext();
      context.fsBase = other.index;
      context.registers[CpuContext.RAX] = other.result;
      model.made().program = other;
      other.leave();
      model.ring.answerSwitch(sequence, context);
    }

    long hash() {
      long hash = super.word();
      hash = Interleavings.mix(hash, program == null ? 0 : program.index + 1);
      hash = Interleavings.mix(hash, number << 8 | sequence);
      hash = Interleavings.mix(hash, result() << 2 | (asked() ? 2 : 0) | (posted ? 1 : 0));
      PostedRegisters registers = registers();
      hash = Interleavings.mix(hash, registers == null ? -1 : registers.register(CpuContext.RAX));
      return hash;
    }
  }

  /** A task and its program: it makes calls, each with a number of its own. */
  final class Program {
    final int index;
    final int lastId;
    int id;
    boolean inCall;
    boolean forger;
    int trapsLeft = size.traps;
    int forgeriesLeft;
    final int[] served;
    String toucher = "";
    String registersToucher = "";
    long result;
    boolean hasResult;
    boolean ended;

    Program(int index) {
      this.index = index;
      id = 1;
      lastId = size.calls;
      served = new int[lastId + 1];
      forgeriesLeft = index == 0 ? size.forgeries : 0;
      forger = forgeriesLeft > 0;
    }

    /** What is in RAX for the call it makes next. */
    long number() {
      return index * 16L + id;
    }

    /** What is there for the call it makes last. */
    long lastNumber() {
      return index * 16L + lastId;
    }

    long expected(long of) {
      return 1000 + of;
    }

    /** The result has come into RAX. */
    void returned(long value) {
      if (!inCall && !forger) {
        throw new AssertionError("a result for no call");
      }
      if (!forger) {
        if (value != expected(number())) {
          throw new AssertionError("call " + number() + " got result " + value);
        }
        if (served[id] != 1) {
          throw new AssertionError("call " + number() + " served " + served[id] + " times");
        }
      }
      id += inCall ? 1 : 0;
      inCall = false;
    }

    /** Somebody is about to use what only the owner may. */
    void touch() {
      touchTask();
      touchRegisters();
    }

    void touchTask() {
      if (!toucher.isEmpty()) {
        throw new AssertionError(
            "task " + index + " of " + toucher + " touched by " + schedule.actorName());
      }
      toucher = schedule.actorName();
    }

    void touchRegisters() {
      if (!registersToucher.isEmpty()) {
        throw new AssertionError(
            "registers " + index + " of " + toucher + " touched by " + schedule.actorName());
      }
      registersToucher = schedule.actorName();
    }

    void leave() {
      leaveTask();
      leaveRegisters();
    }

    void leaveTask() {
      if (!toucher.equals(schedule.actorName())) {
        throw new AssertionError("task " + index + " has been taken from its owner");
      }
      toucher = "";
    }

    void leaveRegisters() {
      registersToucher = "";
    }

    /** The vCPU's thread saves the registers, whoever has the task. */
    void detach() {
      touchRegisters();
      schedule.step("save registers");
      leaveRegisters();
    }

    long hash() {
      long hash = (id * 2L + (inCall ? 1 : 0)) * 64 + trapsLeft * 8L + forgeriesLeft;
      hash = Interleavings.mix(hash, toucher.hashCode() * 31L + registersToucher.hashCode());
      hash = Interleavings.mix(hash, (hasResult ? result : -1) * 2 + (ended ? 1 : 0));
      for (int count : served) {
        hash = Interleavings.mix(hash, count);
      }
      return hash;
    }
  }

  // ---- the world ----

  @Override
  public void start() {
    for (int i = 0; i < size.programs; i++) {
      programs.add(new Program(i));
    }
    runQueue.addAll(programs);
    memory.setInt(REPLY + REPLY_SERVED, 1);
    schedule.actor("vcpu", this::vcpu);
    serversLeft = size.servers;
    for (int i = 0; i < size.servers; i++) {
      schedule.actor("server" + i, this::server);
    }
    if (size.waits + size.switches > 0) {
      schedule.actor("thread", this::waitingThread);
    }
  }

  @Override
  public long fingerprint() {
    long hash = calls.indexOf(call());
    for (WatchedCall call : calls) {
      hash = Interleavings.mix(hash, call.hash());
    }
    for (Program program : programs) {
      hash = Interleavings.mix(hash, program.hash());
    }
    for (Program program : runQueue) {
      hash = Interleavings.mix(hash, program.index);
    }
    for (Handed call : handed) {
      hash = Interleavings.mix(hash, 77 + calls.indexOf(call.call));
    }
    try {
      for (Field field : RING_FIELDS) {
        hash = Interleavings.mix(hash, ((Number) field.get(ring)).longValue());
      }
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
    hash = Interleavings.mix(hash, memory.getLong(REQUEST_SEQUENCE));
    hash = Interleavings.mix(hash, memory.getLong(REQUEST_RAX));
    hash = Interleavings.mix(hash, memory.getLong(REPLY + REPLY_SEQUENCE));
    hash = Interleavings.mix(hash, memory.getLong(REPLY + REPLY_RESULT));
    hash = Interleavings.mix(hash, memory.getLong(REPLY + REPLY_REGISTERS));
    hash = Interleavings.mix(hash, memory.getLong(REQUEST_VECTOR));
    PostedRegisters answered = ring.answeredRegisters();
    hash = Interleavings.mix(hash, answered == null ? -1 : answered.register(CpuContext.RAX));
    hash = Interleavings.mix(hash, memory.getLong(REPLY + REPLY_FS_BASE));
    hash = hash * 31 + (loadsLeft * 8L + switchesLeft) * 4L + endsLeft;
    return Interleavings.mix(hash, (refusalsLeft * 8L + waitsLeft) * 4L + signalsLeft);
  }

  @Override
  public void ended() {
    for (Program program : programs) {
      if (!program.ended || !program.toucher.isEmpty()) {
        throw new AssertionError("program " + program.index + " has not ended");
      }
    }
  }

  private boolean allEnded() {
    return programs.stream().allMatch(program -> program.ended);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Program program : programs) {
      text.append(program.index)
          .append(program.ended ? " ended" : " at call " + program.number())
          .append(program.toucher)
          .append("; ");
    }
    for (WatchedCall call : calls) {
      text.append("state ").append(call.rawState()).append("; ");
    }
    return text.toString();
  }

  // ---- the vCPU's thread, as VcpuLoop and Server have it ----

  private WatchedCall call() {
    return (WatchedCall) ring.call();
  }

  /** The call that was made last. */
  private WatchedCall made() {
    return calls.getLast();
  }

  private void vcpu() {
    while (true) {
      schedule.forget("idle", 0);
      schedule.await("take from run queue", () -> !runQueue.isEmpty() || allEnded());
      Program next = runQueue.poll();
      if (next == null) {
        return;
      }
      next.touch();
      takeResult(next);
      ring.attach(true);
      for (Program now = next; now != null; ) {
        now = runOnce(now);
      }
    }
  }

  /** The result of the call for which a program was not on the vCPU, if there is one. */
  private static void takeResult(Program program) {
    if (program.hasResult) {
      program.hasResult = false;
      program.returned(program.result);
    }
  }

  /** What the program does in the guest up to its next trap. */
  private enum Trap {
    CALL,
    POSTED,
    INTERRUPTED
  }

  /** Runs a program up to its next trap; returns the one that the vCPU goes on with, if any. */
  private @Nullable Program runOnce(Program first) {
    schedule.forget("run", first.index);
    if (first.id > first.lastId) {
      first.ended = true;
      first.leave();
      return null;
    }
    first.leave();
    WatchedCall call = call();
    // The program is set with the state: both are seen by whoever sees that it is open.
    call.program = first;
    call.set(Call.OPEN);
    guest = first;
    Trap trap = inGuest();
    if (trap == Trap.POSTED) {
      return settle();
    }
    Program program = close();
    program.touch();
    if (program != guest) {
      throw new AssertionError("the registers are another program's");
    }
    if (trap == Trap.CALL) {
      return serveExit(program);
    }
    program.leave();
    runQueue.add(program);
    return null;
  }

  private Trap inGuest() {
    while (true) {
      Program program = guest;
      schedule.forget("guest", program.index);
      if (program.id > program.lastId) {
        // There is nothing to do any more but to be interrupted.
        return Trap.INTERRUPTED;
      }
      int what =
          schedule.decide(
              "program",
              () -> size.exits,
              () -> true,
              () -> program.trapsLeft > 0,
              () -> program.forgeriesLeft > 0);
      switch (what) {
        case 0 -> {
          program.inCall = true;
          return Trap.CALL;
        }
        case 1 -> {
          program.inCall = true;
          if (!post(program)) {
            return Trap.POSTED;
          }
        }
        case 2 -> {
          program.trapsLeft--;
          return Trap.INTERRUPTED;
        }
        default -> {
          program.forgeriesLeft--;
          memory.setLong(REQUEST_RAX, 15);
          memory.setInt(REQUEST_SEQUENCE, memory.getInt(REQUEST_SEQUENCE) + 1);
        }
      }
    }
  }

  /** What the entry page does; true if the program goes on without leaving the guest. */
  private boolean post(Program program) {
    memory.setLong(REQUEST_RAX, program.number());
    while (true) {
      int sequence = memory.getInt(REQUEST_SEQUENCE) + 1;
      memory.setInt(REQUEST_SEQUENCE, sequence);
      BooleanSupplier answered = () -> memory.getInt(REPLY + REPLY_SEQUENCE) == sequence;
      if (schedule.choose("wait for answer", answered, () -> true) == 1) {
        return false;
      }
      switch (memory.getInt(REPLY + REPLY_ACTION)) {
        case RETURN -> {
          program.returned(memory.getLong(REPLY + REPLY_RESULT));
          return true;
        }
        case LOAD -> {
          program.returned(memory.getLong(REPLY + REPLY_REGISTERS));
          return true;
        }
        case SWITCH -> {
          guest = programs.get((int) memory.getLong(REPLY + REPLY_FS_BASE));
          takeResult(guest);
          return true;
        }
        case SAVE -> {
          schedule.step("save vector state");
          memory.setLong(REQUEST_VECTOR, vectorOf(program.number()));
        }
        default -> {
          return false;
        }
      }
    }
  }

  private static long vectorOf(long number) {
    return number << 32;
  }

  /** {@link Server#close}. */
  private Program close() {
    WatchedCall call = call();
    schedule.mark();
    while (!call.close()) {
      int state = call.state();
      if (state == Call.FINISHED || state == Call.IDLE) {
        call.idle();
        return call.program();
      }
      if (state == Call.MOVED) {
        call = call();
        schedule.observed(calls.indexOf(call));
      } else {
        call.spin();
      }
    }
    return call.program();
  }

  /** {@link Server#closePosted} and {@link Server#settle}. */
  private @Nullable Program settle() {
    WatchedCall call = call();
    call.impatient = false;
    schedule.mark();
    while (!call.closeWithin(1_000_000)) {
      schedule.mark();
      if (call.move()) {
        return null;
      }
      call = call();
      call.impatient = false;
      schedule.observed(calls.indexOf(call));
      schedule.mark();
    }
    Program program = call.program();
    program.touch();
    if (call.state() == Call.FINISHED) {
      ring.skipRequest();
      program.returned(result(call.registers(), call.result()));
      call.idle();
      return program;
    }
    if (!ring.isAnswered()) {
      if (program != guest) {
        throw new AssertionError("the call is another program's");
      }
      return serveExit(program);
    }
    if (ring.isAnsweredBySwitch()) {
      takeResult(program); // with all other registers
      return program;
    }
    program.returned(result(ring.answeredRegisters(), ring.answeredResult()));
    return program;
  }

  private static long result(@Nullable PostedRegisters registers, long result) {
    return registers == null ? result : registers.register(CpuContext.RAX);
  }

  /** {@link Server#serveExit}: the call ends here, or goes to a thread of its own. */
  private @Nullable Program serveExit(Program program) {
    ring.skipRequest();
    WatchedCall call = call();
    call.program = program;
    call.takeFromExit(null);
    call.number = program.number();
    if (schedule.decide("serve", () -> true, () -> waitsLeft > 0) == 0) {
      program.served[program.id]++;
      call.finish(program.expected(call.number));
    } else {
      waitsLeft--;
      int turn = call.turn();
      program.leave();
      handed.add(new Handed(call, program, program.id));
      call.park(turn);
    }
    schedule.mark();
    for (int state; (state = call.state()) != Call.FINISHED; ) {
      if (state == Call.PARKED) {
        schedule.mark();
        if (call.move()) {
          return null;
        }
      } else {
        call.spin();
      }
    }
    if (program.toucher.isEmpty()) {
      program.touch();
    }
    long result = call.result();
    call.idle();
    program.returned(result);
    return program;
  }

  // ---- the servers ----

  private void server() {
    while (true) {
      schedule.forget("serve", 0);
      if (schedule.choose("next look", () -> !allEnded(), this::allEnded) == 1) {
        serversLeft--;
        return;
      }
      WatchedCall call = call();
      schedule.observed(calls.indexOf(call));
      call.mayRead = true;
      if (call.tryTake()) {
        serveTaken(call);
      }
    }
  }

  private void serveTaken(WatchedCall call) {
    Program program = call.program();
    program.touchTask();
    long number = call.number;
    int turn = call.turn();
    schedule.observed(program.index * 64L + number);
    BooleanSupplier mayLoad = () -> loadsLeft > 0;
    int how =
        schedule.decide(
            "serve",
            () -> true,
            () -> refusalsLeft > 0,
            () -> waitsLeft > 0,
            mayLoad,
            mayLoad,
            () -> switchesLeft > 0 && !runQueue.isEmpty(),
            () -> endsLeft > 0 && !runQueue.isEmpty() && number == program.lastNumber());
    if (how == 6) {
      endsLeft--;
      endBySwitch(call, program);
      return;
    }
    if (how == 5) {
      switchesLeft--;
      waitSwitched(call, program, (int) number % 16);
      return;
    }
    if (how == 2) {
      waitsLeft--;
      program.leaveTask();
      handed.add(new Handed(call, program, (int) number % 16));
      call.park(turn);
      return;
    }
    if (how == 0) {
      finish(call, program, (int) number % 16);
      return;
    }
    if (how == 3) {
      loadsLeft--;
      finishSaved(call, program, (int) number % 16);
      return;
    }
    if (how == 4) {
      loadsLeft--;
      schedule.mark();
      PostedRegisters registers = call.takeRegisters();
      if (registers != null) {
        finish(call, program, (int) number % 16, registers);
        return;
      }
    } else {
      refusalsLeft--;
    }
    refuse(call, program);
  }

  private void refuse(WatchedCall call, Program program) {
    program.leaveTask();
    schedule.mark();
    if (!call.refuse()) {
      program.touch();
      program.inCall = false;
      makeRunnable(program);
    }
  }

  /** {@link Server}: the call waits on a thread, and the next of the run queue gets the vCPU. */
  private void waitSwitched(WatchedCall call, Program program, int id) {
    if (switchFrom(call)) {
      program.leaveTask();
      handed.add(new Handed(call, program, id));
    } else {
      refuse(call, program);
    }
  }

  /** {@link Server}: the call ends its program, and the next of the run queue gets the vCPU. */
  private void endBySwitch(WatchedCall call, Program program) {
    if (switchFrom(call)) {
      program.touchRegisters();
      program.ended = true;
      program.leave();
    } else {
      finish(call, program, program.lastId);
    }
  }

  /** {@link Server}: false if the program of the call has not been saved, and stays. */
  private boolean switchFrom(WatchedCall call) {
    Program next = runQueue.remove();
    next.touch();
    schedule.observed(next.index);
    schedule.mark();
    PostedRegisters registers = takeSaved(call);
    if (registers == null) {
      makeRunnable(next);
      return false;
    }
    schedule.mark();
    if (!call.switchTo(next, registers)) {
      makeRunnable(next);
    }
    return true;
  }

  private @Nullable PostedRegisters takeSaved(WatchedCall call) {
    if (!call.askToSave()) {
      return null;
    }
    schedule.mark();
    schedule.choose("wait for vector state", call::seemsSaved, () -> true);
    schedule.mark();
    return call.takeSaved();
  }

  private void finish(WatchedCall call, Program program, int id) {
    if (!program.forger) {
      program.served[id]++;
    }
    program.leaveTask();
    long result = program.expected(program.index * 16L + id);
    schedule.mark();
    if (!call.finish(result)) {
      program.touch();
      program.result = result;
      program.hasResult = true;
      makeRunnable(program);
    }
  }

  /** A signal handler is to run: {@link Server} wants the vector state first. */
  private void finishSaved(WatchedCall call, Program program, int id) {
    schedule.mark();
    PostedRegisters registers = takeSaved(call);
    if (registers == null) {
      finish(call, program, id);
      return;
    }
    byte[] vector = new byte[VECTOR_BYTES];
    registers.readVector(vector, vector.length);
    long saved = ByteBuffer.wrap(vector).order(ByteOrder.nativeOrder()).getLong(0);
    if (!program.forger && saved != vectorOf(call.number)) {
      throw new AssertionError("vector state of another call: " + Long.toHexString(saved));
    }
    finish(call, program, id, registers);
  }

  private void finish(WatchedCall call, Program program, int id, PostedRegisters registers) {
    if (!program.forger) {
      program.served[id]++;
    }
    program.leaveTask();
    long result = program.expected(program.index * 16L + id);
    registers.setRegister(CpuContext.RAX, result);
    schedule.mark();
    if (!call.finish(registers)) {
      program.touch();
      program.result = registers.register(CpuContext.RAX);
      program.hasResult = true;
      makeRunnable(program);
    }
  }

  /** {@link Serving#resume}. */
  private void makeRunnable(Program program) {
    program.leave();
    runQueue.add(program);
  }

  private void waitingThread() {
    while (true) {
      schedule.forget("waits", 0);
      schedule.await(
          "wait for a call", () -> !handed.isEmpty() || (serversLeft == 0 && allEnded()));
      Handed next = handed.poll();
      if (next == null) {
        return;
      }
      schedule.observed(calls.indexOf(next.call) * 64L + next.id);
      next.program.touchTask();
      finish(next.call, next.program, next.id);
    }
  }
}
