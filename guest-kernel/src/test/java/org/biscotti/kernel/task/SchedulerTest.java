package org.biscotti.kernel.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.port.GuestCpu;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SchedulerTest {
  private static final long ALL = -1;

  private Scheduler<Fake> scheduler = new Scheduler<>(2);
  private final AtomicInteger kicks = new AtomicInteger();
  private final GuestCpu first = fakeCpu(0, kicks);
  private final GuestCpu second = fakeCpu(1, new AtomicInteger());

  @AfterEach
  void close() {
    scheduler.close();
  }

  @Test
  void aTaskComesBackToItsVcpu() {
    scheduler = new Scheduler<>(2, Long.MAX_VALUE);
    Fake maker = new Fake(ALL, 0);
    maker.lastCpu = second.index();
    Fake task = new Fake(ALL, 0);
    task.startBeside(maker);
    scheduler.enqueue(task);
    assertThat(scheduler.poll(second)).isSameAs(task);
    scheduler.enqueue(task);
    assertThat(scheduler.poll(first)).isNull();
    assertThat(scheduler.poll(second)).isSameAs(task);
  }

  @Test
  void whatHasWaitedForABusyVcpuIsStolen() {
    Fake busy = new Fake(ALL, 0);
    scheduler.enqueue(busy);
    assertThat(scheduler.poll(first)).isSameAs(busy);
    Fake child = new Fake(ALL, 0);
    child.startBeside(busy);
    scheduler.enqueue(child);
    assertThat(scheduler.take(second)).isSameAs(child);
  }

  @Test
  void nobodyRunsWhereItMayNot() {
    Fake bound = new Fake(1, 0);
    scheduler.enqueue(bound);
    LockSupport.parkNanos(2 * Scheduler.STEAL_NANOS);
    assertThat(scheduler.poll(second)).isNull();
    assertThat(scheduler.poll(first)).isSameAs(bound);
    bound.affinity = 2;
    assertThat(scheduler.shouldGiveWay(bound, 0)).isTrue();
    scheduler.putBack(bound, false);
    assertThat(scheduler.poll(first)).isNull();
    assertThat(scheduler.poll(second)).isSameAs(bound);
  }

  @Test
  void aTaskThatMayNoLongerRunWhereItWaitsMoves() {
    Fake task = new Fake(1, 0);
    scheduler.enqueue(task);
    task.affinity = 2;
    assertThat(scheduler.poll(first)).isNull();
    assertThat(scheduler.poll(second)).isSameAs(task);
  }

  @Test
  void whoYieldsGoesLast() {
    Fake one = new Fake(1, 0);
    Fake two = new Fake(1, 0);
    Fake three = new Fake(1, 0);
    scheduler.enqueue(one);
    assertThat(scheduler.poll(first)).isSameAs(one);
    scheduler.enqueue(two);
    scheduler.enqueue(three);
    scheduler.putBack(one, true);
    assertThat(List.of(scheduler.poll(first), scheduler.poll(first), scheduler.poll(first)))
        .last()
        .isSameAs(one);
  }

  @Test
  void timeIsSharedByNiceness() {
    Fake usual = new Fake(1, 0);
    Fake nice = new Fake(1, 5);
    scheduler.enqueue(usual);
    scheduler.enqueue(nice);
    for (int i = 0; i < 4000; i++) {
      Fake task = scheduler.poll(first);
      assertThat(task).isNotNull();
      task.nanos += Scheduler.SLICE_NANOS;
      scheduler.putBack(task, false);
    }
    // Five steps of a quarter each: sched(7).
    assertThat((double) usual.nanos / nice.nanos).isBetween(2.9, 3.2);
  }

  @Test
  void threeProgramsShareTwoVcpusFairly() {
    scheduler = new Scheduler<>(2, 0);
    List<Fake> tasks = List.of(new Fake(ALL, 0), new Fake(ALL, 0), new Fake(ALL, 0));
    tasks.forEach(scheduler::enqueue);
    Fake here = scheduler.poll(first);
    Fake there = scheduler.poll(second);
    for (int i = 0; i < 3000; i++) {
      here = slice(here, first);
      there = slice(there, second);
    }
    long sum = tasks.stream().mapToLong(task -> task.nanos).sum();
    for (Fake task : tasks) {
      assertThat((double) task.nanos / sum).isBetween(0.3, 0.37);
    }
  }

  private Fake slice(Fake task, GuestCpu cpu) {
    task.nanos += Scheduler.SLICE_NANOS;
    if (!scheduler.shouldGiveWay(task, cpu.index())) {
      return task;
    }
    scheduler.putBack(task, false);
    return scheduler.poll(cpu);
  }

  @Test
  void whoHasSleptTakesTheVcpuFromWhoHasNot() {
    Fake sleeper = new Fake(1, 0);
    scheduler.enqueue(sleeper);
    assertThat(scheduler.poll(first)).isSameAs(sleeper);
    Fake spinner = new Fake(1, 0);
    scheduler.enqueue(spinner);
    assertThat(scheduler.poll(first)).isSameAs(spinner);
    int before = kicks.get();
    LockSupport.parkNanos(Scheduler.SLICE_NANOS);
    scheduler.enqueue(sleeper);
    assertThat(kicks.get()).isGreaterThan(before);
    spinner.nanos += Scheduler.SLICE_NANOS;
    scheduler.putBack(spinner, false);
    assertThat(scheduler.poll(first)).isSameAs(sleeper);
  }

  private Fake[] threadsOnEachVcpu() {
    scheduler = new Scheduler<>(2, Long.MAX_VALUE);
    Fake[] threads = {new Fake(ALL, 0), new Fake(ALL, 0)};
    for (int i = 0; i < 2; i++) {
      threads[i].program = 1;
      threads[i].lastCpu = i;
      scheduler.enqueue(threads[i]);
    }
    assertThat(scheduler.poll(first)).isSameAs(threads[0]);
    assertThat(scheduler.poll(second)).isSameAs(threads[1]);
    return threads;
  }

  @Test
  void aThreadWhoseVcpuIsIdleJoinsTheOneOfItsProgram() {
    Fake[] threads = threadsOnEachVcpu();
    assertThat(scheduler.poll(second)).isNull();
    scheduler.enqueue(threads[1]);
    assertThat(scheduler.poll(second)).isNull();
    assertThat(scheduler.takeIf(0, task -> task != threads[1])).isNull();
    assertThat(scheduler.takeIf(1, task -> true)).isNull();
    assertThat(scheduler.takeIf(0, task -> true)).isSameAs(threads[1]);
    scheduler.switchTo(0, threads[1], System.nanoTime());
    int before = kicks.get();
    scheduler.kick(threads[0]);
    assertThat(kicks.get()).as("it runs nowhere").isEqualTo(before);
    scheduler.kick(threads[1]);
    assertThat(kicks.get()).isEqualTo(before + 1);
  }

  @Test
  void aThreadStaysAwayFromAVcpuWhereItMayNotRun() {
    Fake[] threads = threadsOnEachVcpu();
    threads[1].affinity = 2;
    assertThat(scheduler.poll(second)).isNull();
    scheduler.enqueue(threads[1]);
    assertThat(scheduler.poll(second)).isSameAs(threads[1]);
  }

  @Test
  void aTickKicksWhoHasHadItsSlice() {
    Fake spinner = new Fake(1, 0);
    Fake other = new Fake(1, 0);
    other.nanos = 0;
    scheduler.enqueue(spinner);
    scheduler.enqueue(other);
    assertThat(scheduler.poll(first)).isNotNull();
    long start = System.nanoTime();
    while (kicks.get() == 0 && System.nanoTime() - start < TimeUnit.SECONDS.toNanos(10)) {
      LockSupport.parkNanos(Scheduler.SLICE_NANOS / 10);
    }
    assertThat(kicks.get()).isPositive();
  }

  @Test
  void aServerThatIsWantedComesBackWithoutATask() throws InterruptedException {
    CountDownLatch back = new CountDownLatch(1);
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              if (scheduler.take(first) == null) {
                back.countDown();
              }
            });
    while (!back.await(1, TimeUnit.MILLISECONDS)) {
      scheduler.wakeIdle();
    }
    thread.join();
    assertThat(scheduler.isClosed()).isFalse();
  }

  /** Tasks are enqueued from everywhere; each must come out again, and on one vCPU at a time. */
  @Test
  void noWakeUpIsLost() throws InterruptedException {
    int rounds = 100_000;
    ConcurrentLinkedQueue<Fake> sleeping = new ConcurrentLinkedQueue<>();
    AtomicInteger taken = new AtomicInteger();
    AtomicInteger twice = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (GuestCpu cpu : List.of(first, second)) {
      threads.add(Thread.ofPlatform().start(() -> vcpu(cpu, sleeping, taken, twice)));
    }
    for (int i = 0; i < 12; i++) {
      Fake task = new Fake(i % 3 == 0 ? 1 + i / 3 % 2 : ALL, i - 6);
      task.program = i % 4;
      scheduler.enqueue(task);
    }
    List<Thread> wakers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      wakers.add(Thread.ofPlatform().start(() -> wake(sleeping, taken, rounds)));
    }
    for (Thread waker : wakers) {
      waker.join();
    }
    scheduler.close();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(taken.get()).isGreaterThanOrEqualTo(rounds);
    assertThat(twice.get()).isZero();
  }

  private void vcpu(
      GuestCpu cpu,
      ConcurrentLinkedQueue<Fake> sleeping,
      AtomicInteger taken,
      AtomicInteger twice) {
    Random random = new Random(cpu.index());
    while (!scheduler.isClosed()) {
      Fake task = scheduler.take(cpu);
      if (task == null) {
        continue;
      }
      if (task.owners.incrementAndGet() != 1 || !task.mayRunOn(cpu.index())) {
        twice.incrementAndGet();
      }
      taken.incrementAndGet();
      task.nanos += random.nextInt(20_000);
      task.owners.decrementAndGet();
      switch (random.nextInt(4)) {
        case 0 -> scheduler.putBack(task, random.nextBoolean());
        case 1 -> scheduler.enqueue(task);
        default -> sleeping.add(task);
      }
    }
  }

  private void wake(ConcurrentLinkedQueue<Fake> sleeping, AtomicInteger taken, int rounds) {
    while (taken.get() < rounds) {
      Fake task = sleeping.poll();
      if (task != null) {
        scheduler.enqueue(task);
      }
      if (ThreadLocalRandom.current().nextInt(8) == 0) {
        LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(50_000));
      }
    }
  }

  private static final class Fake extends Schedulable {
    final AtomicInteger owners = new AtomicInteger();
    private final int niceness;
    volatile long affinity;
    long nanos;

    /** The program of which it is a thread, 0 for one of its own. */
    int program;

    Fake(long affinity, int niceness) {
      this.affinity = affinity;
      this.niceness = niceness;
    }

    @Override
    long affinity() {
      return affinity;
    }

    @Override
    long cpuNanos() {
      return nanos;
    }

    @Override
    public boolean isSiblingOf(Schedulable other) {
      return program != 0 && other instanceof Fake fake && fake.program == program;
    }

    @Override
    int niceness() {
      return niceness;
    }
  }

  /** A vCPU that counts its kicks; the scheduler has nothing else to do with one but its number. */
  private static GuestCpu fakeCpu(int index, AtomicInteger kicks) {
    return (GuestCpu)
        Proxy.newProxyInstance(
            GuestCpu.class.getClassLoader(),
            new Class<?>[] {GuestCpu.class},
            (cpu, method, arguments) ->
                switch (method.getName()) {
                  case "index" -> index;
                  case "kick" -> {
                    kicks.incrementAndGet();
                    yield null;
                  }
                  default -> throw new AssertionError(method);
                });
  }
}
