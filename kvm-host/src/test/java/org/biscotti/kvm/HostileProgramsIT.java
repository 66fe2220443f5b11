package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Every attack of hostile/expect.txt on one machine, several at a time, while a program that checks
 * its registers and flags runs beside them: each attack ends as it has to, and nobody but the
 * attacker notices.
 */
@RequiresKvm
class HostileProgramsIT {
  /** More than there are vCPUs, so that attackers and victims take turns on each. */
  private static final int ATTACKERS = 3;

  /** Take turns: general registers, then everything else a task has. */
  private static final List<String> VICTIMS = List.of("registers", "vector");

  /** The list has this many runs or more: a parser that loses lines is noticed. */
  private static final int RUNS_AT_LEAST = 860;

  private final AtomicInteger victims = new AtomicInteger();
  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

  @Test
  void attacksHarmNobodyButTheAttacker() throws Exception {
    Queue<HostileRun> runs = new ConcurrentLinkedQueue<>(HostileRun.all());
    assertThat(runs).hasSizeGreaterThanOrEqualTo(RUNS_AT_LEAST);
    try (Guest guest = Guest.empty();
        ExecutorService threads = Executors.newFixedThreadPool(ATTACKERS + 1)) {
      showPrograms(guest, runs);
      List<String> programs = new ArrayList<>();
      for (String victim : VICTIMS) {
        programs.add(guest.show(TestPrograms.guestTest(victim)));
      }
      List<Future<?>> attackers = new ArrayList<>();
      for (int i = 0; i < ATTACKERS; i++) {
        attackers.add(threads.submit(task(() -> attack(guest, runs))));
      }
      Future<?> beside = threads.submit(task(() -> live(guest, programs, attackers)));
      for (Future<?> attacker : attackers) {
        attacker.get();
      }
      beside.get();
      assertThat(wrong).isEmpty();
      live(guest, programs, List.of());
      assertThat(guest.machine().kernel().state().log().failures()).isZero();
    }
    assertThat(victims).hasValueGreaterThan(VICTIMS.size());
  }

  private static Callable<Void> task(Step step) {
    return () -> {
      step.run();
      return null;
    };
  }

  private interface Step {
    void run() throws Exception;
  }

  private static void showPrograms(Guest guest, Iterable<HostileRun> runs) throws IOException {
    for (HostileRun run : runs) {
      guest.show(TestPrograms.hostile(run.program()));
    }
  }

  private void attack(Guest guest, Queue<HostileRun> runs) throws Exception {
    for (HostileRun run; (run = runs.poll()) != null; ) {
      List<String> command = new ArrayList<>();
      command.add(TestPrograms.hostile(run.program()).toString());
      command.addAll(run.arguments());
      Outcome outcome = guest.start(new byte[0], Map.of(), command).await();
      if (!run.mayEndWith(outcome.code())) {
        wrong.add(
            "%s: wanted one of %s, got %d; it said: %s%s"
                .formatted(
                    run.words(), run.ends(), outcome.code(), outcome.output(), outcome.errors()));
      }
    }
  }

  /** Runs victims over and over, at least once, until the attackers are through. */
  private void live(Guest guest, List<String> programs, List<Future<?>> attackers)
      throws Exception {
    do {
      String program = programs.get(victims.get() % programs.size());
      Outcome outcome = guest.run(program, "/tmp");
      assertThat(outcome.code()).as(outcome.output() + outcome.errors()).isZero();
      victims.incrementAndGet();
    } while (!attackers.stream().allMatch(Future::isDone));
  }
}
