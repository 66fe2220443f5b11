package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a machine does with its processors and its memory when programs want more of them. */
@RequiresKvm
class MachineIT {
  private static final long MIB = 1 << 20;
  private static final long GIB = 1 << 30;
  private static final Duration LIMIT = Duration.ofSeconds(Processor.limitSeconds(60));
  private static final int KILLED = 128 + 9;

  /** A slow processor wakes as often. */
  private static final double IDLE_SHARE = Processor.EMULATED ? 0.1 : 0.01;

  /** burn.c's exit code when mmap(2) gives it ENOMEM. */
  private static final int REFUSED = 12;

  private static String burn(Guest guest) throws IOException {
    return guest.show(TestPrograms.guestTest("burn"));
  }

  private static Guest.Running start(Guest guest, String... command) {
    return guest.start(new byte[0], Map.of(), List.of(command));
  }

  private static void assertPasses(Outcome outcome) {
    assertThat(outcome.code()).as(outcome.output() + outcome.errors()).isZero();
  }

  private static Outcome natively(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(TestPrograms.guestTest("burn").toString()));
    command.addAll(List.of(arguments));
    Outcome outcome = Native.run(Path.of("/"), new byte[0], Map.of(), command);
    assertPasses(outcome);
    return outcome;
  }

  @Test
  void programsTakeTurnsOnOneProcessor() throws Exception {
    Outcome expected = natively("spin", "300000000");
    try (Guest guest = Guest.empty(512 * MIB, 1)) {
      String burn = burn(guest);
      List<Guest.Running> spinning = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        spinning.add(start(guest, burn, "spin", "300000000"));
      }
      for (Guest.Running one : spinning) {
        one.output().awaitText("spinning", LIMIT);
      }
      assertPasses(guest.run(burn, "spin", "1000"));
      assertThat(spinning).as("the third had to wait for them").noneMatch(MachineIT::ended);
      for (Guest.Running one : spinning) {
        assertThat(one.await()).isEqualTo(expected);
      }
    }
  }

  private static boolean ended(Guest.Running running) {
    return running.process().exited().isDone();
  }

  @Test
  void registersSurviveBeingShared() throws Exception {
    List<Outcome> expected = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      expected.add(natively("spin", Integer.toString(30_000_000 + i)));
    }
    try (Guest guest = Guest.empty()) {
      String burn = burn(guest);
      String vector = guest.show(TestPrograms.guestTest("vector"));
      List<Guest.Running> spinning = new ArrayList<>();
      for (int i = 0; i < expected.size(); i++) {
        spinning.add(start(guest, burn, "spin", Integer.toString(30_000_000 + i)));
      }
      List<Guest.Running> vectors =
          List.of(start(guest, vector, "/tmp"), start(guest, vector, "/tmp"));
      for (int i = 0; i < expected.size(); i++) {
        assertThat(spinning.get(i).await()).isEqualTo(expected.get(i));
      }
      for (Guest.Running one : vectors) {
        assertPasses(one.await());
      }
    }
  }

  /** A machine whose programs sleep uses no processor: neither vCPUs nor anything beside them. */
  @Test
  void anIdleMachineSleeps() throws Exception {
    try (Guest guest = Guest.empty()) {
      String burn = burn(guest);
      assertPasses(guest.run(burn, "sleep", "100")); // classes are loaded now
      Guest.Running sleeper = start(guest, burn, "sleep", "3000");
      sleeper.output().awaitText("asleep", LIMIT);
      long wall = System.nanoTime();
      long used = processorNanos();
      sleeper.output().awaitText("awake", LIMIT);
      used = processorNanos() - used;
      wall = System.nanoTime() - wall;
      assertPasses(sleeper.await());
      assertThat(wall).isGreaterThan(2_700_000_000L);
      assertThat((double) used / wall).as("share of one processor").isLessThan(IDLE_SHARE);
    }
  }

  /** Processor time of all Java threads but this one; what the compiler and collector do is not. */
  private static long processorNanos() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long sum = 0;
    for (long id : threads.getAllThreadIds()) {
      if (id != Thread.currentThread().threadId()) {
        sum += Math.max(0, threads.getThreadCpuTime(id));
      }
    }
    return sum;
  }

  @Test
  void aLargeMachineBoots() throws Exception {
    assumeTrue(hostMemory() >= 20 * GIB, "the host has less than 20 GiB of memory");
    try (Guest guest = Guest.empty(16 * GIB, 2)) {
      assertPasses(guest.run(burn(guest), "touch", "64"));
      assertPasses(guest.run(guest.show(TestPrograms.guestTest("memory")), "/tmp"));
    }
  }

  private static long hostMemory() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemTotal:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return 0;
  }

  @Test
  void memoryThatRunsOutIsTheTroubleOfWhoTookIt() throws Exception {
    Outcome expected = natively("spin", "400000000");
    try (Guest guest = Guest.empty(128 * MIB, 2)) {
      String burn = burn(guest);
      Guest.Running other = start(guest, burn, "spin", "400000000");
      other.output().awaitText("spinning", LIMIT);
      for (int i = 0; i < 4; i++) {
        assertThat(guest.run(burn, "touch", "512").code()).isIn(KILLED, REFUSED);
        // All of it has come back.
        assertPasses(guest.run(burn, "touch", "64"));
      }
      assertThat(other.await()).isEqualTo(expected);
      assertThat(guest.machine().kernel().state().log().failures()).isZero();
    }
  }
}
