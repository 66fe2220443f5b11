package org.biscotti.kernel.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.UserCounts;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.junit.jupiter.api.Test;

class PendingSignalsTest {
  private static final int REAL_TIME = 40;
  private static final int USER = 1000;

  private final UserCounts counts = new UserCounts(Kind.SIGNAL);
  private final PendingSignals pending = new PendingSignals(counts);

  private void add(int signal, int pid) {
    counts.add(USER, 1, -1);
    pending.add(
        new PendingSignals.Entry(SignalInfo.sent(signal, SignalInfo.SI_USER, pid, 0), null, USER));
  }

  /** Signal and sender of everything that is taken, in order. */
  private List<String> takeAll(long wanted) {
    List<String> taken = new ArrayList<>();
    for (PendingSignals.Entry e; (e = pending.take(wanted)) != null; ) {
      taken.add(e.info().signal() + ":" + e.info().pid());
    }
    return taken;
  }

  @Test
  void lowNumbersGoFirstAndEqualOnesInOrder() {
    add(REAL_TIME, 1);
    add(Signals.SIGTERM, 2);
    add(REAL_TIME, 3);
    add(Signals.SIGHUP, 4);
    assertThat(takeAll(-1)).containsExactly("1:4", "15:2", "40:1", "40:3");
    assertThat(pending.set()).isZero();
    assertThat(counts.of(USER)).isZero();
  }

  @Test
  void faultsGoBeforeLowerNumbers() {
    add(Signals.SIGHUP, 1);
    add(Signals.SIGSEGV, 2);
    add(Signals.SIGILL, 3);
    assertThat(takeAll(-1)).containsExactly("4:3", "11:2", "1:1");
  }

  @Test
  void whatIsNotWantedStays() {
    add(Signals.SIGHUP, 1);
    add(Signals.SIGTERM, 2);
    assertThat(takeAll(Signals.bit(Signals.SIGTERM))).containsExactly("15:2");
    assertThat(pending.set()).isEqualTo(Signals.bit(Signals.SIGHUP));
  }

  @Test
  void onlyStandardSignalsCoalesce() {
    add(Signals.SIGHUP, 1);
    add(REAL_TIME, 1);
    assertThat(pending.coalesces(Signals.SIGHUP)).isTrue();
    assertThat(pending.coalesces(REAL_TIME)).isFalse();
    assertThat(pending.coalesces(Signals.SIGTERM)).isFalse();
  }

  @Test
  void aBareSignalIsTakenOnceAndTellsNothing() {
    pending.addBare(REAL_TIME);
    assertThat(takeAll(-1)).containsExactly("40:0");
    assertThat(pending.set()).isZero();
  }

  @Test
  void discardingForgetsTheQueueToo() {
    add(REAL_TIME, 1);
    add(REAL_TIME, 2);
    add(Signals.SIGHUP, 3);
    pending.discard(Signals.bit(REAL_TIME));
    assertThat(counts.of(USER)).isEqualTo(1);
    assertThat(takeAll(-1)).containsExactly("1:3");
  }

  @Test
  void whoIsThrownAwayIsTold() {
    List<String> told = new ArrayList<>();
    PendingSignals.Source source =
        new PendingSignals.Source() {
          @Override
          public SignalInfo taken(SignalInfo info) {
            told.add("taken");
            return info;
          }

          @Override
          public void dropped() {
            told.add("dropped");
          }
        };
    SignalInfo info = SignalInfo.kernel(Signals.SIGALRM);
    pending.add(new PendingSignals.Entry(info, source, PendingSignals.UNCOUNTED));
    pending.discard(Signals.bit(Signals.SIGHUP));
    assertThat(told).isEmpty();
    pending.discard(Signals.bit(Signals.SIGALRM));
    assertThat(told).containsExactly("dropped");
    pending.add(new PendingSignals.Entry(info, source, PendingSignals.UNCOUNTED));
    assertThat(pending.isClosed()).isFalse();
    pending.close();
    assertThat(told).containsExactly("dropped", "dropped");
    assertThat(pending.isClosed()).isTrue();
    assertThat(pending.set()).isZero();
  }

  @Test
  void whatIsClosedCountsForNobody() {
    add(REAL_TIME, 1);
    add(Signals.SIGTERM, 2);
    pending.close();
    assertThat(counts.of(USER)).isZero();
  }
}
