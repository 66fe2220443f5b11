package org.biscotti.kvm;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A thread that makes vCPUs come out of the guest at random moments. */
final class Kicker implements AutoCloseable {
  private static final long PAUSE_NANOS_MAX = TimeUnit.MICROSECONDS.toNanos(500);

  private final Machine machine;
  private final int vcpus;
  private final Thread thread;
  private volatile boolean stopped;
  private volatile long kicks;

  Kicker(Machine machine, int vcpus) {
    this.machine = machine;
    this.vcpus = vcpus;
    thread = Thread.ofPlatform().daemon().name("kicker").start(this::run);
  }

  private void run() {
    SplittableRandom random = new SplittableRandom(20);
    for (long count = 1; !stopped; kicks = count++) {
      machine.kick(random.nextInt(vcpus));
      LockSupport.parkNanos(random.nextLong(PAUSE_NANOS_MAX));
    }
  }

  long kicks() {
    return kicks;
  }

  @Override
  public void close() {
    stopped = true;
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
