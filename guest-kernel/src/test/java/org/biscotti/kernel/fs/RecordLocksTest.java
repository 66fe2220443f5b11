package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.RecordLocks.Held;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Record locks against a model that keeps who has what for every byte. */
@Timeout(60)
class RecordLocksTest {
  private static final int BYTES = 40;
  private static final int OWNERS = 3;

  private final RecordLocks locks = new RecordLocks();

  /** For each owner and byte: 0 nothing, 1 shared, 2 exclusive. */
  private final int[][] model = new int[OWNERS][BYTES];

  private static Held wanted(int owner, int first, int last, boolean exclusive) {
    return new Held(owner, owner, first, last, exclusive);
  }

  private boolean isFree(int owner, int first, int last, boolean exclusive) {
    for (int other = 0; other < OWNERS; other++) {
      for (int at = first; other != owner && at <= last; at++) {
        if (model[other][at] == 2 || (exclusive && model[other][at] == 1)) {
          return false;
        }
      }
    }
    return true;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void behaveLikeTheModel(long seed) {
    Random random = new Random(seed);
    for (int step = 0; step < 5000; step++) {
      int owner = random.nextInt(OWNERS);
      int first = random.nextInt(BYTES);
      int last = first + random.nextInt(Math.min(BYTES - first, 12));
      int kind = random.nextInt(3);
      if (kind == 0) {
        locks.unlock(owner, first, last);
      } else if (isFree(owner, first, last, kind == 2)) {
        locks.lock(wanted(owner, first, last, kind == 2), false, true);
      } else {
        Held held = wanted(owner, first, last, kind == 2);
        assertErrno(Errno.EAGAIN, () -> locks.lock(held, false, true));
        continue;
      }
      for (int at = first; at <= last; at++) {
        model[owner][at] = kind;
      }
      compare();
    }
  }

  private void compare() {
    for (int at = 0; at < BYTES; at++) {
      for (int owner = 0; owner < OWNERS; owner++) {
        boolean shared = locks.conflict(wanted(owner, at, at, false)) == null;
        boolean exclusive = locks.conflict(wanted(owner, at, at, true)) == null;
        assertThat(shared).isEqualTo(isFree(owner, at, at, false));
        assertThat(exclusive).isEqualTo(isFree(owner, at, at, true));
      }
    }
  }

  @Test
  void adjacentLocksOfOneKindBecomeOne() {
    locks.lock(wanted(0, 0, 9, true), false, true);
    locks.lock(wanted(0, 20, 29, true), false, true);
    locks.lock(wanted(0, 10, 19, true), false, true);
    Held held = locks.conflict(wanted(1, 15, 15, false));
    assertThat(held).isEqualTo(wanted(0, 0, 29, true));
  }

  @Test
  void aCircleOfThreeIsADeadlock() throws InterruptedException {
    for (int owner = 0; owner < OWNERS; owner++) {
      locks.lock(wanted(owner, owner, owner, true), false, true);
    }
    Thread zero = waiting(0, 1);
    Thread one = waiting(1, 2);
    TimeUnit.MILLISECONDS.sleep(20);
    assertErrno(Errno.EDEADLK, () -> locks.lock(wanted(2, 0, 0, true), true, true));
    locks.unlock(2, 0, BYTES);
    one.join();
    locks.unlock(1, 0, BYTES);
    zero.join();
    assertThat(locks.conflict(wanted(2, 1, 1, true))).isEqualTo(wanted(0, 0, 1, true));
  }

  private Thread waiting(int owner, int at) {
    return Thread.ofVirtual().start(() -> locks.lock(wanted(owner, at, at, true), true, true));
  }

  /** If the first wait were still noted, the second would look like a circle: EDEADLK. */
  @Test
  void aSignalEndsAWaitAndLeavesNoTrace() throws InterruptedException {
    locks.lock(wanted(0, 0, 0, true), false, true);
    assertThat(interrupted(wanted(1, 0, 0, true))).isEqualTo(Errno.EINTR);
    locks.lock(wanted(1, 5, 5, true), false, true);
    assertThat(interrupted(wanted(0, 5, 5, true))).isEqualTo(Errno.EINTR);
  }

  private int interrupted(Held held) throws InterruptedException {
    AtomicInteger errno = new AtomicInteger();
    Thread waiter =
        Thread.ofVirtual()
            .start(() -> {
              try {
                locks.lock(held, true, true);
              } catch (ErrnoException e) {
                errno.set(e.errno());
              }
            });
    waiter.interrupt();
    waiter.join();
    return errno.get();
  }
}
