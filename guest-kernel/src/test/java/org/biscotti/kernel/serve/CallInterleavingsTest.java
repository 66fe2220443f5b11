package org.biscotti.kernel.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.BiFunction;
import org.biscotti.kernel.serve.RingModel.Size;
import org.biscotti.kernel.serve.RingModel.WatchedCall;
import org.biscotti.kernel.task.Task;
import org.junit.jupiter.api.Test;

/** All interleavings of a vCPU, servers and waiting calls at one ring. */
class CallInterleavingsTest {
  private static Interleavings.Result search(
      Size size, BiFunction<RingModel, SyscallRing, WatchedCall> calls) {
    return new Interleavings(schedule -> new RingModel(schedule, size, calls)).search();
  }

  private static void tryAll(Size size) {
    assertThat(search(size, WatchedCall::new).states()).isGreaterThan(1000);
  }

  @Test
  void oneProgramAndOneServer() {
    tryAll(new Size(1, 2, true, 1, 0, 1, 1, 1, 1, 0, 0, 0));
  }

  @Test
  void twoProgramsOnOneVcpu() {
    tryAll(new Size(2, 1, true, 1, 0, 1, 1, 0, 0, 0, 0, 0));
  }

  /** With calls that are refused it takes half a minute, so only under -Dbiscotti.stress. */
  @Test
  void twoServers() {
    int refusals = Integer.getInteger("biscotti.stress", 0) > 0 ? 1 : 0;
    tryAll(new Size(1, 2, false, 0, 0, 2, 1, refusals, 0, 0, 0, 0));
  }

  @Test
  void forgerAndVictim() {
    tryAll(new Size(2, 1, true, 1, 1, 1, 0, 0, 0, 0, 0, 0));
  }

  /** A request that is forged may be taken after the real one, before it, or in its place. */
  @Test
  void forgerWhoseCallsWait() {
    tryAll(new Size(1, 1, true, 0, 2, 1, 1, 0, 0, 0, 0, 0));
  }

  /** Calls that set all registers, or at whose end a signal handler has to run. */
  @Test
  void callsThatLoadRegisters() {
    tryAll(new Size(1, 2, true, 1, 0, 1, 0, 0, 1, 2, 0, 0));
  }

  @Test
  void callsThatLoadRegistersOfOneOfTwo() {
    tryAll(new Size(2, 1, true, 0, 0, 1, 1, 0, 0, 1, 0, 0));
  }

  @Test
  void twoServersOfCallsThatLoadRegisters() {
    tryAll(new Size(1, 2, false, 0, 0, 2, 0, 0, 0, 1, 0, 0));
  }

  @Test
  void forgerOfCallsThatLoadRegisters() {
    tryAll(new Size(2, 1, true, 0, 1, 1, 0, 0, 0, 1, 0, 0));
  }

  /** A server gives the vCPU of a call that waits to the next program in the run queue. */
  @Test
  void switchesWithoutAnExit() {
    tryAll(new Size(2, 1, true, 1, 0, 1, 0, 0, 0, 0, 1, 0));
  }

  @Test
  void switchesToAndFro() {
    tryAll(new Size(2, 1, false, 0, 0, 1, 0, 0, 0, 0, 2, 0));
  }

  @Test
  void twoServersSwitch() {
    tryAll(new Size(2, 1, false, 0, 0, 2, 0, 0, 0, 0, 1, 0));
  }

  /** A server ends a program, and gives its vCPU to the next one in the run queue. */
  @Test
  void endsWithoutAnExit() {
    tryAll(new Size(2, 1, true, 1, 0, 1, 0, 0, 0, 0, 0, 1));
  }

  @Test
  void endsAfterASwitch() {
    tryAll(new Size(2, 1, false, 0, 0, 1, 0, 0, 0, 0, 1, 1));
  }

  @Test
  void twoServersOfAProgramThatEnds() {
    tryAll(new Size(2, 1, false, 0, 0, 2, 0, 0, 0, 0, 0, 1));
  }

  @Test
  void forgerIsSwitched() {
    tryAll(new Size(2, 1, false, 0, 1, 1, 0, 0, 0, 0, 1, 0));
  }

  /** The program may post again what somebody has asked for, after that has been given up. */
  private static final class ForgetsThatItAsked extends WatchedCall {
    ForgetsThatItAsked(RingModel model, SyscallRing ring) {
      super(model, ring);
    }

    @Override
    boolean asked() {
      return false;
    }
  }

  @Test
  void findsTheCallThatIsServedTwice() {
    assertThatThrownBy(
            () -> search(new Size(1, 1, true, 0, 0, 1, 0, 0, 0, 1, 0, 0), ForgetsThatItAsked::new))
        .isInstanceOf(AssertionError.class);
  }

  /** As it was once: a look in vain put the state back over whatever it had become. */
  private static final class TakenTooSoon extends WatchedCall {
    private final SyscallRing ring;

    TakenTooSoon(RingModel model, SyscallRing ring) {
      super(model, ring);
      this.ring = ring;
    }

    @Override
    boolean tryTake() {
      if (state() != OPEN || !ring.hasRequest() || !change(OPEN, TAKEN)) {
        return false;
      }
      if (!ring.take(this)) {
        set(OPEN);
        return false;
      }
      return true;
    }
  }

  /** The mutant does what the class did once: the search finds that the task is lost. */
  @Test
  void findsTheTaskThatALookInVainLost() {
    assertThatThrownBy(
            () -> search(new Size(1, 2, true, 1, 0, 1, 0, 0, 0, 0, 0, 0), TakenTooSoon::new))
        .isInstanceOf(AssertionError.class);
  }

  /** The other task's call is to be seen when all is done for it, and not before. */
  private static final class SwitchesTooSoon extends WatchedCall {
    private final SyscallRing ring;

    SwitchesTooSoon(RingModel model, SyscallRing ring) {
      super(model, ring);
      this.ring = ring;
    }

    @Override
    boolean switchTo(Task next, PostedRegisters saved) {
      if (!lock()) {
        return false;
      }
      Call fresh = ring.newCall();
      ring.replaceCall(fresh);
      set(MOVED);
      leaveTo(next, saved);
      fresh.set(OPEN);
      return true;
    }
  }

  @Test
  void findsTheTaskThatWasSwitchedTooSoon() {
    assertThatThrownBy(
            () -> search(new Size(2, 1, true, 0, 0, 1, 1, 0, 0, 0, 1, 0), SwitchesTooSoon::new))
        .isInstanceOf(AssertionError.class);
  }
}
