package org.biscotti.kvm.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.biscotti.kernel.abi.Signals;
import org.jspecify.annotations.Nullable;

/**
 * What happens when somebody presses Ctrl-C or ends the JVM with SIGTERM or SIGHUP: what the
 * command has started is killed, and the command may still say what it has to say before the JVM
 * exits, by itself, with 128 and the signal.
 */
final class Interruption {
  /** How long the JVM's end waits for the command's. */
  private static final long PATIENCE_SECONDS = 10;

  private static final CountDownLatch COMMAND_ENDED = new CountDownLatch(1);

  /** Kills what is running now. */
  private final AtomicReference<@Nullable Runnable> killer = new AtomicReference<>();

  private volatile boolean requested;

  /** Watches out from now on. */
  static Interruption install() {
    Interruption interruption = new Interruption();
    Runtime.getRuntime()
        .addShutdownHook(new Thread(interruption::jvmEnds, "biscotti-interruption"));
    return interruption;
  }

  /** Nothing is left to be done but to exit. */
  static void commandHasEnded() {
    COMMAND_ENDED.countDown();
  }

  private void jvmEnds() {
    if (COMMAND_ENDED.getCount() == 0) {
      return; // that is why it ends
    }
    request();
    try {
      var _ = COMMAND_ENDED.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Kills the program, or the one that is about to start. */
  void request() {
    requested = true;
    Runnable kill = killer.get();
    if (kill != null) {
      kill.run();
    }
  }

  /** True if the program's end is our doing. */
  boolean isRequested() {
    return requested;
  }

  /** Says what is to be killed from now on: a program in the guest. */
  void watch(GuestProgram program) {
    watch(() -> program.kill(Signals.SIGKILL));
  }

  /** Says what is to be killed from now on: a process on the host. */
  void watch(Process process) {
    watch(process::destroyForcibly);
  }

  private void watch(Runnable kill) {
    killer.set(kill);
    if (requested) {
      kill.run();
    }
  }
}
