package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A program that takes all there is of one thing is refused or killed, and nobody else is: a shell
 * beside it, in the same machine, answers before, meanwhile and afterwards, and then everything is
 * free again.
 */
@RequiresKvm
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LimitsIT {
  /** How long the shell may take for a line. A command that it runs itself needs milliseconds. */
  private static final Duration ANSWER = Duration.ofSeconds(15);

  private static final int KILLED = 128 + 9;

  /** Frames that may be in use afterwards and were not before: caches of the kernel's own. */
  private static final long FRAMES_KEPT_MAX = 64;

  private Guest guest;
  private String hog;
  private String busybox;
  private TypedStream keyboard;
  private Guest.Running shell;
  private int questions;

  @BeforeAll
  void boot() throws Exception {
    guest = Guest.empty(256L << 20, 2);
    hog = guest.show(TestPrograms.guestTest("hog"));
    busybox = guest.show(TestPrograms.busybox());
    keyboard = new TypedStream();
    shell = guest.start(keyboard, Map.of(), List.of(busybox, "sh"));
    ask();
    askForCommand();
  }

  @AfterAll
  void stop() throws Exception {
    keyboard.end();
    assertThat(shell.await().code()).as(shell.errors().text()).isZero();
    guest.close();
  }

  /** The shell itself answers. */
  private void ask() throws InterruptedException {
    String answer = "[" + ++questions + "]";
    keyboard.type("echo '" + answer + "'\n");
    shell.output().awaitText(answer, ANSWER);
  }

  /** The shell can start programs. */
  private void askForCommand() throws InterruptedException {
    String answer = "(" + ++questions + ")";
    keyboard.type(busybox + " echo '" + answer + "'\n");
    shell.output().awaitText(answer, ANSWER);
  }

  /** The shell can start two processes and a pipe between them. */
  private void askForPipeline() throws InterruptedException {
    String answer = "<" + ++questions + ">";
    keyboard.type("echo '" + answer + "' | " + busybox + " cat\n");
    shell.output().awaitText(answer, ANSWER);
  }

  /** While there is memory for them, and numbers, others make processes as ever. */
  @ParameterizedTest
  @ValueSource(strings = {"descriptors", "mappings"})
  void aShellBesideRunsPipelines(String kind) throws Exception {
    askForPipeline();
    leavesTheShellAlone(kind, this::askForPipeline);
    askForPipeline();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "processes",
        "bomb",
        "memory",
        "crowd",
        "shared",
        "tables",
        "file",
        "memfd",
        "names",
        "pipes",
        "sockets",
        "epolls"
      })
  void aShellBesideIsLeftAlone(String kind) throws Exception {
    leavesTheShellAlone(kind, this::ask);
  }

  /** What the shell is asked meanwhile. */
  private interface Question {
    void ask() throws InterruptedException;
  }

  private void leavesTheShellAlone(String kind, Question question) throws Exception {
    FrameAllocator frames = guest.machine().kernel().state().frames();
    assertThat(guest.run(hog).code()).as("usage: its file's pages are there").isEqualTo(2);
    askForCommand();
    long before = settled(frames, Long.MAX_VALUE);
    Map<Kind, Long> heapBefore = heap();
    ask();
    Guest.Running running = guest.start(new byte[0], Map.of(), List.of(hog, kind));
    while (!running.process().exited().isDone()) {
      question.ask();
      TimeUnit.MILLISECONDS.sleep(20);
    }
    Outcome outcome = running.await();
    assertThat(outcome.code()).as(outcome.output() + outcome.errors()).isIn(0, KILLED);
    ask();
    askForCommand();
    assertThat(guest.run(busybox, "seq", "3").output()).isEqualTo("1\n2\n3\n");
    assertThat(settled(frames, before)).isGreaterThanOrEqualTo(before - FRAMES_KEPT_MAX);
    for (int i = 0; i < 100 && !heap().equals(heapBefore); i++) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    assertThat(heap()).as("what the kernel keeps on its heap").isEqualTo(heapBefore);
    assertThat(guest.machine().kernel().state().log().failures()).isZero();
  }

  private static Map<Kind, Long> heap() {
    Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      counts.put(kind, KernelMemory.HEAP.count(kind));
    }
    return counts;
  }

  /** Free frames, when as many as are wanted are there, or it is clear that they will not be. */
  private static long settled(FrameAllocator frames, long wanted) throws InterruptedException {
    long free = 0;
    for (int i = 0; i < 100 && free < wanted; i++) {
      TimeUnit.MILLISECONDS.sleep(wanted == Long.MAX_VALUE ? 1 : 20);
      frames.releaseQuarantined();
      free = frames.freeFrames();
    }
    return free;
  }
}
