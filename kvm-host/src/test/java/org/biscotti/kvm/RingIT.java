package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kernel.task.SignalDelivery;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Programs whose calls are answered in shared memory do not notice it: while vCPUs are kicked at
 * random, under each policy, and beside a program that writes garbage into its ring.
 */
@RequiresKvm
class RingIT {
  /** How long the stress test goes on under each policy. */
  private static final long STRESS_SECONDS = Integer.getInteger("biscotti.stress", 5);

  private static final long HOSTILE_MILLIS = TimeUnit.SECONDS.toMillis(3);
  private static final int VCPUS = 2;

  /** One more than there are programs that run all the time, so that somebody serves them. */
  private static final int VCPUS_WITH_SERVER = 3;

  private static Outcome natively(List<String> command) throws Exception {
    Path directory = Files.createTempDirectory(Path.of("/dev/shm"), "biscotti-test");
    try {
      Outcome outcome = Native.run(directory, new byte[0], Map.of(), command);
      assertThat(outcome.code()).as(outcome.output() + outcome.errors()).isZero();
      return outcome;
    } finally {
      TestPrograms.deleteTree(directory);
    }
  }

  /** A program that is started again and again, and always has to do what it does natively. */
  private static final class Repeated {
    private final Guest guest;
    private final List<String> command;
    private final Outcome wanted;
    private Guest.Running running;
    private int runs;

    Repeated(Guest guest, Path program, String... arguments) throws Exception {
      this.guest = guest;
      command = new ArrayList<>(List.of(guest.show(program)));
      command.addAll(List.of(arguments));
      wanted = natively(command);
      running = start();
    }

    private Guest.Running start() {
      return guest.start(new byte[0], Map.of(), command);
    }

    void check() throws Exception {
      assertThat(running.await()).as("%s", command).isEqualTo(wanted);
      runs++;
    }

    void checkAndRepeat() throws Exception {
      if (running.process().exited().isDone()) {
        check();
        running = start();
      }
    }
  }

  private static List<Repeated> eightPrograms(Guest guest) throws Exception {
    Path burn = TestPrograms.guestTest("burn");
    Path mix = TestPrograms.guestTest("mix");
    return List.of(
        new Repeated(guest, burn, "spin", "3000000"),
        new Repeated(guest, burn, "touch", "8"),
        new Repeated(guest, burn, "sleep", "7"),
        new Repeated(guest, mix, "3000", "1", "mix1"),
        new Repeated(guest, mix, "3000", "2", "mix2"),
        new Repeated(guest, mix, "10000", "3", "mix3"),
        new Repeated(guest, mix, "500", "4", "mix4"),
        new Repeated(guest, TestPrograms.guestTest("ringregisters"), "/tmp"));
  }

  private static void repeatAll(List<Repeated> programs, long nanos) throws Exception {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() - end < 0) {
      for (Repeated program : programs) {
        program.checkAndRepeat();
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
    for (Repeated program : programs) {
      program.check();
    }
  }

  @ParameterizedTest
  @EnumSource
  void eightProgramsOnTwoVcpusAndRandomKicks(Policies policy) throws Exception {
    try (Guest guest = Guest.serving(VCPUS, policy, Exitless.AUTO, InodePolicies.LOCK);
        Kicker kicker = new Kicker(guest.machine(), VCPUS)) {
      List<Repeated> programs = eightPrograms(guest);
      repeatAll(programs, TimeUnit.SECONDS.toNanos(STRESS_SECONDS));
      assertThat(kicker.kicks()).isGreaterThan(1000);
      assertThat(guest.machine().exits().kicks()).isPositive();
      assertThat(programs).allSatisfy(program -> assertThat(program.runs).isPositive());
      assertThat(guest.machine().kernel().state().log().failures()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyRegisterSurvivesKicks(Policies policy) throws Exception {
    try (Guest guest = Guest.serving(VCPUS_WITH_SERVER, policy, Exitless.ON, InodePolicies.LOCK);
        Kicker kicker = new Kicker(guest.machine(), VCPUS_WITH_SERVER)) {
      Repeated one = new Repeated(guest, TestPrograms.guestTest("ringregisters"), "/tmp");
      Repeated other = new Repeated(guest, TestPrograms.guestTest("selfsignals"), "/tmp");
      one.check();
      other.check();
      assertThat(kicker.kicks()).isGreaterThan(100);
      assertThat(guest.machine().kernel().state().log().failures()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({"THREAD, ring", "ADAPTIVE, ring", "THREAD, ringsignals", "ADAPTIVE, ringsignals"})
  void whoeverWritesGarbageIntoItsRingHurtsNoOther(Policies policy, String program)
      throws Exception {
    try (Guest guest = Guest.serving(VCPUS_WITH_SERVER, policy, Exitless.ON, InodePolicies.LOCK);
        Kicker kicker = new Kicker(guest.machine(), VCPUS_WITH_SERVER)) {
      Path mix = TestPrograms.guestTest("mix");
      List<Repeated> victims =
          List.of(
              new Repeated(guest, mix, "3000", "5", "mix5"),
              new Repeated(guest, mix, "1000", "6", "mix6"));
      List<String> attack =
          List.of(guest.show(TestPrograms.hostile(program)), String.valueOf(60_000));
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(HOSTILE_MILLIS);
      int attacks = 0;
      while (System.nanoTime() - end < 0) {
        Guest.Running attacker = guest.start(new byte[0], Map.of(), attack);
        attacks++;
        repeatAll(victims, TimeUnit.MILLISECONDS.toNanos(HOSTILE_MILLIS / 4));
        for (Repeated victim : victims) {
          victim.running = victim.start();
        }
        SignalDelivery.send(attacker.process(), Signals.SIGKILL);
        Outcome outcome = attacker.await();
        assertThat(outcome.output()).startsWith("writing into the ring");
        if (guest.machine().hostKind().ring0Entry()) {
          assertThat(outcome.code()).isEqualTo(128 + Signals.SIGSEGV);
        }
      }
      for (Repeated victim : victims) {
        victim.check();
      }
      assertThat(attacks).isPositive();
      assertThat(kicker.kicks()).isGreaterThan(100);
      assertThat(guest.machine().kernel().state().log().failures()).isZero();
    }
  }
}
