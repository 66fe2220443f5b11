package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Poll.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.ResourceLimits;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.WaitQueue;
import org.biscotti.kernel.wait.Waiter;
import org.jspecify.annotations.Nullable;

/** Waiting for one of several descriptors: poll(2), select(2) and their newer forms. */
final class PollCalls {
  private static final int DESCRIPTORS_MAX = 1 << 20;
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NANOS = 1_000_000_000L;
  private static final int EVENTS = 4;
  private static final int RESULT = 6;
  private static final int ALWAYS_REPORTED = POLLERR | POLLHUP;

  /** What a descriptor takes of the heap: itself, its events wanted and ready, its bits. */
  private static final int DESCRIPTOR_BYTES = 16;

  /** So many descriptors go with the task, larger numbers are counted. */
  private static final int DESCRIPTORS_FREE = 1024;

  private PollCalls() {}

  static long poll(Task t, long fds, long count, long timeout, long d, long e, long f) {
    long nanos = (int) timeout < 0 ? Long.MAX_VALUE : (int) timeout * NANOS_PER_MILLI;
    return poll(t, fds, count, t.signalState().deadline(nanos));
  }

  static long ppoll(Task t, long fds, long count, long timeout, long mask, long maskBytes, long f) {
    long nanos = timeout == 0 ? Long.MAX_VALUE : TimeCalls.getTimespec(t.memory(), timeout);
    long deadline = t.signalState().deadline(nanos);
    return withMask(
        t,
        mask,
        maskBytes,
        () -> storingTimeLeft(t, timeout, nanos, 1, deadline, () -> poll(t, fds, count, deadline)));
  }

  /**
   * Runs a wait and stores the time that it has left, also if it fails; that the address is bad
   * does not matter then any more, and no time is none (select(2), Linux notes).
   *
   * @param nanos the timeout
   * @param unit of the second word, in nanoseconds
   */
  private static long storingTimeLeft(
      Task t, long timeout, long nanos, int unit, long deadline, Wait wait) {
    try {
      long found = wait.run();
      storeTimeLeft(t, timeout, nanos, unit, deadline);
      return found;
    } catch (ErrnoException failure) {
      storeTimeLeft(t, timeout, nanos, unit, deadline);
      throw failure;
    }
  }

  private static void storeTimeLeft(Task t, long timeout, long nanos, int unit, long deadline) {
    if (timeout == 0 || nanos == 0) {
      return;
    }
    long left = Math.max(deadline - System.nanoTime(), 0);
    try {
      t.memory().setLong(timeout, left / NANOS);
      t.memory().setLong(timeout + 8, left % NANOS / unit);
    } catch (ErrnoException readOnly) {
      // What has been found counts.
    }
  }

  /** A wait that returns a result. */
  interface Wait {
    long run();
  }

  /** Runs a wait under another signal mask (ppoll(2), pselect(2)). */
  static long withMask(Task t, long mask, long maskBytes, Wait wait) {
    if (mask == 0) {
      return wait.run();
    }
    if (maskBytes != Signals.SIGSET_BYTES) {
      throw ErrnoException.of(EINVAL);
    }
    t.signalState().borrowMask(t.memory().getLong(mask));
    boolean interrupted = false;
    try {
      if (Thread.currentThread().isVirtual() && t.hasDeliverableSignal()) {
        Thread.currentThread().interrupt();
      }
      return wait.run();
    } catch (ErrnoException failure) {
      interrupted = failure.errno() == EINTR;
      throw failure;
    } finally {
      if (!interrupted) {
        t.signalState().restoreMask();
      }
    }
  }

  private static long poll(Task t, long fds, long count, long deadline) {
    int entries = (int) count;
    long limit = t.process().limitTable().soft(ResourceLimits.RLIMIT_NOFILE);
    if (entries < 0 || entries > DESCRIPTORS_MAX || Long.compareUnsigned(entries, limit) > 0) {
      throw ErrnoException.of(EINVAL);
    }
    return charged(entries, () -> pollCharged(t, fds, entries, deadline));
  }

  /** Runs a wait for so many descriptors; ENOMEM if the kernel's heap has no room for them. */
  private static long charged(int descriptors, Wait wait) {
    if (descriptors <= DESCRIPTORS_FREE) {
      return wait.run();
    }
    long bytes = (long) descriptors * DESCRIPTOR_BYTES;
    KernelMemory.HEAP.reserve(Kind.BYTE, bytes, ENOMEM);
    try {
      return wait.run();
    } finally {
      KernelMemory.HEAP.release(Kind.BYTE, bytes);
    }
  }

  private static long pollCharged(Task t, long fds, int entries, long deadline) {
    int[] descriptors = new int[entries];
    int[] events = new int[entries];
    UserMemory memory = t.memory();
    for (int i = 0; i < entries; i++) {
      descriptors[i] = memory.getInt(fds + (long) i * POLLFD_SIZE);
      events[i] = memory.getShort(fds + (long) i * POLLFD_SIZE + EVENTS);
    }
    int[] ready = new int[entries];
    long found = await(t, descriptors, events, ready, deadline);
    for (int i = 0; i < entries; i++) {
      memory.setShort(fds + (long) i * POLLFD_SIZE + RESULT, (short) ready[i]);
    }
    return found;
  }

  /** Waits until something is ready or the time has passed; counts what is ready. */
  private static long await(Task t, int[] descriptors, int[] events, int[] ready, long deadline) {
    long found = check(t, descriptors, events, ready);
    if (found > 0 || (deadline != Long.MAX_VALUE && deadline - System.nanoTime() <= 0)) {
      return found;
    }
    MustWait.unlessVirtual();
    try (Watch watch = new Watch()) {
      for (int i = 0; i < descriptors.length; i++) {
        OpenFile file = descriptors[i] < 0 ? null : t.files().find(descriptors[i]);
        if (file != null) {
          watch.include(file, events[i]);
        }
      }
      watch.begin();
      do {
        found = check(t, descriptors, events, ready);
      } while (found == 0 && watch.await(deadline));
      return found;
    }
  }

  /**
   * A thread that waits for events of several files. It is in the queue of each once, however many
   * descriptors mean it, and keeps it open.
   */
  private static final class Watch implements AutoCloseable {
    /** What a file takes of the heap: places in the map, the list and the file's queue. */
    private static final int FILE_BYTES = 160;

    /** Files are charged so many at a time; the first go with the task. */
    private static final int CHARGED_FILES = 64;

    private final Waiter waiter = new Waiter();
    private final Map<OpenFile, Integer> wanted = new HashMap<>();
    private final List<WaitQueue> queues = new ArrayList<>();
    private final List<WaitQueue.Entry> entries = new ArrayList<>();
    private long charged;

    /**
     * The file is to be waited for.
     *
     * @throws ErrnoException ENOMEM
     */
    void include(OpenFile file, int events) {
      Integer before = wanted.get(file);
      if (before != null) {
        wanted.put(file, before | events);
        return;
      }
      if (!wanted.isEmpty() && wanted.size() % CHARGED_FILES == 0) {
        KernelMemory.HEAP.reserve(Kind.BYTE, CHARGED_FILES * FILE_BYTES, ENOMEM);
        charged += CHARGED_FILES * FILE_BYTES;
      }
      if (file.tryRetain()) {
        wanted.put(file, events);
      }
    }

    /** From now on an event of any of the files wakes the thread. */
    void begin() {
      wanted.forEach((file, events) -> {
        WaitQueue queue = file.waitQueue();
        if (queue == null) {
          file.onReady(events, waiter::wake);
        } else {
          queues.add(queue);
          entries.add(queue.add(events, waiter));
        }
      });
    }

    boolean await(long deadline) {
      return waiter.await(deadline);
    }

    @Override
    public void close() {
      for (int i = 0; i < entries.size(); i++) {
        queues.get(i).remove(entries.get(i));
      }
      wanted.keySet().forEach(OpenFile::release);
      KernelMemory.HEAP.release(Kind.BYTE, charged);
    }
  }

  private static long check(Task t, int[] descriptors, int[] events, int[] ready) {
    int found = 0;
    for (int i = 0; i < descriptors.length; i++) {
      ready[i] = descriptors[i] < 0 ? 0 : readyEvents(t, descriptors[i], events[i]);
      if (ready[i] != 0) {
        found++;
      }
    }
    return found;
  }

  private static int readyEvents(Task t, int descriptor, int events) {
    OpenFile file = t.files().find(descriptor);
    if (file == null || file.isPathOnly()) {
      return POLLNVAL;
    }
    return file.readyEvents() & (events | ALWAYS_REPORTED);
  }

  /** select(2): the time left is stored back, as Linux does. */
  static long select(Task t, long count, long read, long write, long except, long timeout, long f) {
    long nanos = timeout == 0 ? Long.MAX_VALUE : getTimeval(t, timeout);
    long deadline = t.signalState().deadline(nanos);
    return storingTimeLeft(
        t, timeout, nanos, 1000, deadline, () -> select(t, count, read, write, except, deadline));
  }

  private static long getTimeval(Task t, long address) {
    long seconds = t.memory().getLong(address);
    long micros = t.memory().getLong(address + 8);
    if (seconds < 0 || micros < 0) {
      throw ErrnoException.of(EINVAL);
    }
    return Math.min(seconds, Long.MAX_VALUE / NANOS / 4) * NANOS
        + Math.min(micros, Long.MAX_VALUE / NANOS) * 1000;
  }

  /** pselect6(2): the sixth argument points to the mask and its size. */
  static long pselect6(
      Task t, long count, long read, long write, long except, long timeout, long maskAndSize) {
    UserMemory memory = t.memory();
    long nanos = timeout == 0 ? Long.MAX_VALUE : TimeCalls.getTimespec(memory, timeout);
    long mask = maskAndSize == 0 ? 0 : memory.getLong(maskAndSize);
    long maskBytes = maskAndSize == 0 ? 0 : memory.getLong(maskAndSize + 8);
    long deadline = t.signalState().deadline(nanos);
    return withMask(
        t,
        mask,
        maskBytes,
        () ->
            storingTimeLeft(
                t,
                timeout,
                nanos,
                1,
                deadline,
                () -> select(t, count, read, write, except, deadline)));
  }

  private static long select(
      Task t, long count, long read, long write, long except, long deadline) {
    if ((int) count < 0) {
      throw ErrnoException.of(EINVAL);
    }
    int bits = Math.min((int) count, t.files().capacity());
    return charged(bits, () -> selectCharged(t, bits, read, write, except, deadline));
  }

  private static long selectCharged(
      Task t, int bits, long read, long write, long except, long deadline) {
    byte @Nullable [][] sets = {load(t, read, bits), load(t, write, bits), load(t, except, bits)};
    int[] descriptors = new int[bits];
    int[] events = new int[bits];
    int entries = 0;
    for (int fd = 0; fd < bits; fd++) {
      int wanted =
          (isSet(sets[0], fd) ? SELECT_READ : 0)
              | (isSet(sets[1], fd) ? SELECT_WRITE : 0)
              | (isSet(sets[2], fd) ? SELECT_EXCEPT : 0);
      if (wanted != 0) {
        t.files().peek(fd);
        descriptors[entries] = fd;
        events[entries++] = wanted;
      }
    }
    descriptors = Arrays.copyOf(descriptors, entries);
    events = Arrays.copyOf(events, entries);
    int[] ready = new int[entries];
    await(t, descriptors, events, ready, deadline);
    int[] masks = {SELECT_READ, SELECT_WRITE, SELECT_EXCEPT};
    long[] addresses = {read, write, except};
    long found = 0;
    for (int i = 0; i < masks.length; i++) {
      found += keep(sets[i], masks[i], descriptors, ready);
      store(t, addresses[i], sets[i]);
    }
    return found;
  }

  private static byte @Nullable [] load(Task t, long address, int bits) {
    if (address == 0) {
      return null;
    }
    byte[] set = new byte[(bits + 63) / 64 * 8];
    t.memory().copyInFully(address, set, 0, set.length);
    return set;
  }

  private static boolean isSet(byte @Nullable [] set, int fd) {
    return set != null && (set[fd / 8] >> (fd % 8) & 1) != 0;
  }

  /** Leaves in a set what was in it and is ready; says how many that are. */
  private static int keep(byte @Nullable [] set, int mask, int[] descriptors, int[] ready) {
    if (set == null) {
      return 0;
    }
    byte[] kept = new byte[set.length];
    int found = 0;
    for (int i = 0; i < descriptors.length; i++) {
      int fd = descriptors[i];
      if ((ready[i] & mask) != 0 && isSet(set, fd)) {
        kept[fd / 8] |= (byte) (1 << (fd % 8));
        found++;
      }
    }
    System.arraycopy(kept, 0, set, 0, set.length);
    return found;
  }

  private static void store(Task t, long address, byte @Nullable [] set) {
    if (set != null) {
      t.memory().copyOutFully(address, set, 0, set.length);
    }
  }
}
